using MmMamba.Generators.Emit;
using Microsoft.CodeAnalysis;

namespace MmMamba.Generators;

/// <summary>
/// Makes a typed class of every model spec, and a registry of every family, among the additional files. Mistakes are reported by <see cref="ModelSpecAnalyzer"/>;
/// here a spec with mistakes becomes a stub, and the others are generated as ever.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class ModelGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var parsed = context.AdditionalTextsProvider
            .Where(SpecFiles.IsSpec)
            .Combine(context.AnalyzerConfigOptionsProvider)
            .Select(static (pair, _) => SpecFiles.Of(pair.Left, pair.Right))
            .Select(static (file, cancellation) => file.Parse(cancellation))
            .WithTrackingName(Steps.Parsed);

        var reports = context.AdditionalTextsProvider
            .Where(SpecFiles.IsReport)
            .Select(static (file, cancellation) => SpecFiles.Report(file, cancellation))
            .WithTrackingName(Steps.Reports);

        var catalog = parsed.Collect().Combine(reports.Collect())
            .Select(static (files, _) => Outputs.Of(files.Left, files.Right))
            .WithTrackingName(Steps.Catalog);

        var target = context.AnalyzerConfigOptionsProvider
            .Select(static (options, _) => Target.Of(options.GlobalOptions))
            .WithTrackingName(Steps.Target);

        var files = catalog.SelectMany(static (outputs, _) => outputs.Files)
            .WithTrackingName(Steps.Files)
            .Combine(target)
            .WithTrackingName(Steps.Targeted);

        context.RegisterSourceOutput(files, static (context, file) => context.AddSource(file.Left.HintName, Emitter.Emit(file.Left, file.Right)));
    }
}
