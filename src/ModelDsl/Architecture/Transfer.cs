using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>
/// Where the tensors of a student come from: exactly one origin each. A mixer knows about its own; everything outside the mixers is
/// the teacher's tensor of the same name.
/// </summary>
sealed class Transfer(SeedSpec seed)
{
    public TensorOrigin Origin(TensorSlot slot, ResolvedLayer? layer) => layer is not null && TensorTable.InMixer(slot.Group)
        ? layer.Mixer.Transferred(slot, TowerNames.Prefix(layer) + TensorTable.MixerAt, seed)
        : new Copied(slot.Name);

    /// <summary>The teacher's tensors that a student begins without, each with the reason.</summary>
    public static Dictionary<string, string> Drops(EquatableArray<ResolvedLayer> layers, SeedSpec? seed) => seed?.Kind != SeedKind.Scratch
        ? []
        : layers.Where(layer => layer.Mixer.Kind.Converts).ToDictionary(
            layer => TowerNames.Prefix(layer) + TensorTable.MixerAt + "wqkv.weight",
            layer => $"the layer becomes {layer.Mixer.Kind.Word}, and seed scratch draws its query, key and value",
            StringComparer.Ordinal);
}
