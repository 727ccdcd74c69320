using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>What the specs of a tree mean together.</summary>
/// <param name="Models">The models of all specs without errors, in the order of the specs.</param>
/// <param name="Families">The ablation families of all specs without errors, in the same order.</param>
/// <param name="Diagnostics">What was found in all specs, in the same order.</param>
public sealed record ModelSet(EquatableArray<ResolvedModel> Models, EquatableArray<ResolvedFamily> Families, EquatableArray<Diagnostic> Diagnostics)
{
    /// <summary>Resolves bound specs, each student after its teacher. Families come resolved: only what their members mean tells them apart.</summary>
    public static ModelSet Resolve(EquatableArray<BoundSpec> specs)
    {
        var models = specs.Select(spec => spec.Model).OfType<ModelSpec>().ToArray();
        var resolutions = new Resolutions(models);
        return new(
            [.. models.Select(model => resolutions.Of(model.Name))], [.. specs.Select(spec => spec.Family).OfType<ResolvedFamily>()],
            [.. specs.SelectMany(spec => spec.Diagnostics)]);
    }

    /// <summary>The model of a name, or the member of <c>Family.Member</c>; null where there is none, or it has errors.</summary>
    public ResolvedModel? Find(string name) =>
        Models.FirstOrDefault(model => model.Name == name)
        ?? Families.SelectMany(family => family.Members).FirstOrDefault(member => member.Model.Name == name)?.Model;

    /// <summary>The family of a name; null where there is none, or it has errors.</summary>
    public ResolvedFamily? FindFamily(string name) => Families.FirstOrDefault(family => family.Name == name);

    /// <summary>Whether some spec has an error, and so no model.</summary>
    public bool HasErrors => Diagnostics.Any(diagnostic => diagnostic.Severity == Severity.Error);
}
