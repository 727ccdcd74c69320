using Microsoft.CodeAnalysis.Diagnostics;
using MmMamba.Generators.Emit;

namespace MmMamba.Generators;

/// <summary>Where generated code goes.</summary>
sealed record Target(string Namespace)
{
    const string DefaultNamespace = "MmMamba.Models";

    public static Target Of(AnalyzerConfigOptions project) =>
        new(Identifier.Namespace(project.TryGetValue("build_property.RootNamespace", out var name) ? name : "", DefaultNamespace));
}
