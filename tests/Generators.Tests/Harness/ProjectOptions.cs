using System.Diagnostics.CodeAnalysis;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;

namespace MmMamba.Generators.Tests.Harness;

/// <summary>What MSBuild tells a generator about its project.</summary>
sealed class ProjectOptions(string? rootNamespace) : AnalyzerConfigOptionsProvider
{
    public override AnalyzerConfigOptions GlobalOptions { get; } = new Properties(rootNamespace);

    public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => new Properties(null);
    public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => new Properties(null);

    sealed class Properties(string? rootNamespace) : AnalyzerConfigOptions
    {
        public override bool TryGetValue(string key, [NotNullWhen(true)] out string? value) =>
            (value = key == "build_property.RootNamespace" ? rootNamespace : null) is not null;
    }
}
