using System.Diagnostics.CodeAnalysis;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace MmMamba.Generators.Tests.Harness;

/// <summary>What MSBuild tells a generator about its project.</summary>
/// <param name="declaredIn">By path of a spec that is a declaration: the namespace of its class.</param>
sealed class ProjectOptions(string? rootNamespace, IReadOnlyDictionary<string, string> declaredIn) : AnalyzerConfigOptionsProvider
{
    public override AnalyzerConfigOptions GlobalOptions { get; } = new Options("build_property.RootNamespace", rootNamespace);

    public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => new Options("", null);

    // As MSBuild does, the empty value for files that have no such metadata.
    public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) =>
        new Options("build_metadata.AdditionalFiles.MmMambaDeclaredIn", declaredIn.GetValueOrDefault(textFile.Path, ""));

    sealed class Options(string known, string? text) : AnalyzerConfigOptions
    {
        public override bool TryGetValue(string key, [NotNullWhen(true)] out string? value) => (value = key == known ? text : null) is not null;
    }
}
