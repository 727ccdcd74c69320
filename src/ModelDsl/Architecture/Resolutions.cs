using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>The models of a tree, each resolved when it is first asked for, and once.</summary>
/// <param name="models">Bound models; a student's teacher is among them.</param>
sealed class Resolutions(IEnumerable<ModelSpec> models)
{
    sealed record Resolution(ResolvedModel? Teacher, ResolvedModel Model);

    static readonly Kept<ModelSpec, Resolution> Kept = new();

    readonly Dictionary<string, ModelSpec> _models = models.ToDictionary(model => model.Name, StringComparer.Ordinal);
    readonly Dictionary<string, ResolvedModel> _resolved = new(StringComparer.Ordinal);
    readonly Forms _forms = new();

    /// <summary>The model of a name.</summary>
    public ResolvedModel Of(string name) => _resolved.TryGetValue(name, out var known) ? known : _resolved[name] = Of(_models[name]);

    /// <summary>A model that may stand beside those of the tree, such as a family's member; its teacher is one of them.</summary>
    public ResolvedModel Of(ModelSpec model)
    {
        var teacher = model.Teacher is { } name ? Of(name) : null;
        return Kept.Of(model, before => ReferenceEquals(before.Teacher, teacher), () => new(teacher, Resolver.Resolve(model, teacher, _forms))).Model;
    }
}
