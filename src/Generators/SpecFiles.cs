using MmMamba.Generators.Emit;
using MmMamba.ModelDsl.Binding;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace MmMamba.Generators;

/// <summary>An additional file that is a spec.</summary>
/// <param name="DeclaredIn">Namespace of the class that a referenced assembly has of it; null where the class is made here.</param>
readonly record struct SpecSource(AdditionalText File, string? DeclaredIn)
{
    /// <summary>Reads and checks the file by itself.</summary>
    public ParsedSpec Parse(CancellationToken cancellation) =>
        SpecParser.Parse(new(File.Path, File.GetText(cancellation)?.ToString() ?? "", DeclaredIn));
}

/// <summary>The additional files that are specs.</summary>
static class SpecFiles
{
    /// <summary>Metadata of an additional file: the namespace whose class it declares.</summary>
    const string DeclaredIn = "build_metadata.AdditionalFiles.MmMambaDeclaredIn";

    public static bool IsSpec(AdditionalText file) => SpecParser.IsSpec(file.Path);

    /// <summary>Whether a family may name the file for what a paper reports.</summary>
    public static bool IsReport(AdditionalText file) => ParsedReport.MayBe(file.Path);

    /// <summary>Reads and checks a file of figures by itself.</summary>
    public static ParsedReport Report(AdditionalText file, CancellationToken cancellation) =>
        ParsedReport.Parse(new(file.Path, file.GetText(cancellation)?.ToString() ?? ""));

    /// <summary>The file with what the project says of it.</summary>
    public static SpecSource Of(AdditionalText file, AnalyzerConfigOptionsProvider project) =>
        new(file, project.GetOptions(file).TryGetValue(DeclaredIn, out var name) && Identifier.Namespace(name, "") is { Length: > 0 } found ? found : null);
}
