using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;
using MmMamba.ModelDsl.Binding;
using Spec = MmMamba.ModelDsl.Binding;

namespace MmMamba.Generators;

/// <summary>
/// Reports the mistakes of specs at their own lines and columns. An analyzer and not the generator does so, because editors show
/// only an analyzer's diagnostics reliably.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ModelSpecAnalyzer : DiagnosticAnalyzer
{
    static readonly ImmutableDictionary<string, DiagnosticDescriptor> Descriptors =
        Spec.Diagnostics.All.ToImmutableDictionary(rule => rule.Id, DescriptorOf);

    /// <inheritdoc/>
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        [.. Descriptors.Values.OrderBy(descriptor => descriptor.Id, StringComparer.Ordinal)];

    /// <inheritdoc/>
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(static start =>
        {
            // A spec is checked together with those that it extends, so all of them are bound once, at the first file's turn.
            var options = start.Options;
            var byPath = new Lazy<ILookup<string, Spec.Diagnostic>>(() => DiagnosticsOf(options, start.CancellationToken));
            start.RegisterAdditionalFileAction(file =>
            {
                if (!SpecFiles.IsSpec(file.AdditionalFile) && !SpecFiles.IsReport(file.AdditionalFile)) return;
                foreach (var diagnostic in byPath.Value[file.AdditionalFile.Path])
                    file.ReportDiagnostic(Positioned(diagnostic, file.AdditionalFile.GetText(file.CancellationToken)));
            });
        });
    }

    // What is wrong with a declaration is for those to mend who made its package.
    static ILookup<string, Spec.Diagnostic> DiagnosticsOf(AnalyzerOptions options, CancellationToken cancellation)
    {
        var specs = options.AdditionalFiles.Where(SpecFiles.IsSpec)
            .OrderBy(file => file.Path, StringComparer.Ordinal)
            .Select(file => SpecFiles.Of(file, options.AnalyzerConfigOptionsProvider).Parse(cancellation));
        var reports = options.AdditionalFiles.Where(SpecFiles.IsReport).Select(file => SpecFiles.Report(file, cancellation));
        return Catalog.Bind([.. specs], [.. reports]).Where(spec => spec.DeclaredIn is null)
            .SelectMany(spec => spec.Diagnostics).ToLookup(diagnostic => diagnostic.Path);
    }

    static Microsoft.CodeAnalysis.Diagnostic Positioned(Spec.Diagnostic diagnostic, SourceText? text)
    {
        var span = diagnostic.Span;
        var lines = new LinePositionSpan(new(span.StartLine - 1, span.StartColumn - 1), new(span.EndLine - 1, span.EndColumn - 1));
        return Microsoft.CodeAnalysis.Diagnostic.Create(
            Descriptors[diagnostic.Id], Location.Create(diagnostic.Path, SpanIn(text, lines), lines), diagnostic.Message);
    }

    // Editors go by lines and columns; the span in characters is for those that ask, as far as the text has it.
    static TextSpan SpanIn(SourceText? text, LinePositionSpan lines) =>
        text is null || lines.End.Line >= text.Lines.Count || lines.End.Character > text.Lines[lines.End.Line].SpanIncludingLineBreak.Length
            ? default
            : text.Lines.GetTextSpan(lines);

    // The message is complete when it comes from the language, so the format passes it on.
    static DiagnosticDescriptor DescriptorOf(DiagnosticRule rule) => new(
        rule.Id, rule.Title, "{0}", "ModelSpec", SeverityOf(rule.Severity), isEnabledByDefault: true, description: rule.Help);

    static DiagnosticSeverity SeverityOf(Severity severity) => severity switch
    {
        Severity.Error => DiagnosticSeverity.Error,
        Severity.Warning => DiagnosticSeverity.Warning,
        _ => DiagnosticSeverity.Info,
    };
}
