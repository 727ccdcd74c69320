using MmMamba.ModelDsl.Binding;
using static MmMamba.ModelDsl.Rendering.JsonText;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>Diagnostics for programs.</summary>
public static class DiagnosticsJson
{
    static readonly Dictionary<string, string> Help = Diagnostics.All.ToDictionary(rule => rule.Id, rule => rule.Help, StringComparer.Ordinal);

    /// <summary>The counts, and one diagnostic a line; lines and columns count from 1, the end is the column after the last character.</summary>
    /// <param name="models">Models that could be built.</param>
    /// <param name="families">Ablation families that could be built.</param>
    public static string Render(int models, int families, IReadOnlyCollection<Diagnostic> diagnostics) => new JsonText()
        .Field("models", Number(models))
        .Field("families", Number(families))
        .Field("errors", Number(diagnostics.Count(found => found.Severity == Severity.Error)))
        .Field("warnings", Number(diagnostics.Count(found => found.Severity == Severity.Warning)))
        .Field("hints", Number(diagnostics.Count(found => found.Severity == Severity.Hint)))
        .Lines("diagnostics", diagnostics.Select(One))
        .ToString();

    static string One(Diagnostic found) => Inline(
        ("id", String(found.Id)), ("severity", String(Words.Of(found.Severity))), ("path", String(found.Path)),
        ("line", Number(found.Span.StartLine)), ("column", Number(found.Span.StartColumn)),
        ("end", Inline(("line", Number(found.Span.EndLine)), ("column", Number(found.Span.EndColumn)))),
        ("message", String(found.Message)), ("help", String(Help[found.Id])));
}
