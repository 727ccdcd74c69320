using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>What the specs of a tree mean together.</summary>
/// <param name="Models">The models of all specs without errors, in the order of the specs.</param>
/// <param name="Diagnostics">What was found in all specs, in the same order.</param>
public sealed record ModelSet(EquatableArray<ResolvedModel> Models, EquatableArray<Diagnostic> Diagnostics)
{
    /// <summary>Resolves bound specs, each student after its teacher.</summary>
    public static ModelSet Resolve(EquatableArray<BoundSpec> specs)
    {
        var models = specs.Select(spec => spec.Model).OfType<ModelSpec>().ToArray();
        var byName = models.ToDictionary(model => model.Name, StringComparer.Ordinal);
        var resolved = new Dictionary<string, ResolvedModel>(StringComparer.Ordinal);
        return new([.. models.Select(Resolved)], [.. specs.SelectMany(spec => spec.Diagnostics)]);

        // Binding lets a student have a teacher only where that is bound too, and no teacher has one of its own.
        ResolvedModel Resolved(ModelSpec model)
        {
            if (resolved.TryGetValue(model.Name, out var known)) return known;
            return resolved[model.Name] = Resolver.Resolve(model, model.Teacher is null ? null : Resolved(byName[model.Teacher]));
        }
    }

    /// <summary>The model of a name; null where there is none, or it has errors.</summary>
    public ResolvedModel? Find(string name) => Models.FirstOrDefault(model => model.Name == name);

    /// <summary>Whether some spec has an error, and so no model.</summary>
    public bool HasErrors => Diagnostics.Any(diagnostic => diagnostic.Severity == Severity.Error);
}
