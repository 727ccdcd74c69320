using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>The tensors of a model as it places its layers, or with every layer converted, and what is counted of them.</summary>
sealed class Form(EquatableArray<ResolvedTensor> tensors, string fingerprint)
{
    EquatableArray<ResolvedTensor>? _mixers;

    public EquatableArray<ResolvedTensor> Tensors => tensors;
    public string Fingerprint => fingerprint;
    public long ParameterCount { get; } = tensors.Aggregate(0L, (sum, tensor) => checked(sum + tensor.Size));

    /// <summary>The mixers' tensors alone.</summary>
    public EquatableArray<ResolvedTensor> Mixers => _mixers ??= [.. tensors.Where(tensor => TensorTable.InMixer(tensor.Group))];

    /// <summary>Names of the teacher's tensors that a student of this form begins without; null until that is asked for.</summary>
    public EquatableArray<string>? Dropped { get; set; }
}

/// <summary>
/// The forms of a tree's models, each made once: members of a family differ in their recipes alone, and students of one base share the form
/// in which every layer is converted.
/// </summary>
sealed class Forms
{
    // All that a form depends on; which file placed a layer is no part of it.
    sealed record Key(TokensSpec Tokens, VisionSpec Vision, int Hidden, EquatableArray<ResolvedLayer> Layers, string? Teacher, SeedSpec? Seed);

    readonly Dictionary<Key, Form> _known = [];

    public Form Of(ModelSpec model, EquatableArray<ResolvedLayer> layers)
    {
        var key = new Key(model.Tokens, model.Vision, model.Hidden, [.. layers.Select(layer => layer with { Source = "" })], model.Teacher, model.Seed);
        if (_known.TryGetValue(key, out var known)) return known;
        var slots = TensorTable.Of(model, layers);
        var transfer = model.Teacher is null ? null : new Transfer(model.Seed ?? new(SeedKind.Mimic, 1));
        var tensors = slots.Select(slot =>
        {
            var layer = slot.Layer < 0 ? null : layers[slot.Layer];
            return slot.From(transfer?.Origin(slot, layer) ?? Draws.Base(slot, layer, layers.Count));
        }).ToEquatableArray();
        return _known[key] = new(tensors, Fingerprint.Of(model, layers, slots));
    }
}
