using System.Globalization;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>How much a diagnostic matters: only errors keep a model from being built.</summary>
public enum Severity { Hint, Warning, Error }

/// <summary>A mistake or a doubt about a spec, at its place.</summary>
/// <param name="Id">Its row in <see cref="Diagnostics"/>, such as <c>MMD020</c>.</param>
/// <param name="Message">One line: what is wrong and what to write instead.</param>
/// <param name="Path">The file, as it was given to the parser.</param>
public sealed record Diagnostic(string Id, Severity Severity, string Message, string Path, Span Span)
{
    /// <summary>The diagnostic as compilers print it: <c>path(line,column): error MMD020: message</c>.</summary>
    public override string ToString() => string.Format(
        CultureInfo.InvariantCulture, "{0}({1},{2}): {3} {4}: {5}", Path, Span.StartLine, Span.StartColumn, Word(Severity), Id, Message);

    static string Word(Severity severity) => severity switch { Severity.Error => "error", Severity.Warning => "warning", _ => "hint" };
}

/// <summary>A row of the table of diagnostics.</summary>
/// <param name="Title">The mistake in a few words.</param>
/// <param name="Format">The message, with places for what was found and what was expected.</param>
/// <param name="Help">What to write instead, for the documentation.</param>
/// <param name="Example">
/// A spec that has this mistake and no other, the culprit between « and »; it may extend the models of the tree, and further files
/// follow a line <c># file: NAME</c>. Null where the mistake is one of size.
/// </param>
public sealed record DiagnosticRule(string Id, Severity Severity, string Title, string Format, string Help, string? Example)
{
    /// <summary>This mistake at a place.</summary>
    public Diagnostic At(string path, Span span, params object[] arguments) =>
        new(Id, Severity, string.Format(CultureInfo.InvariantCulture, Format, arguments), path, span);
}
