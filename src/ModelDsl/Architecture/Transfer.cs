using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>
/// Where the tensors of a student come from: exactly one origin each. What a mixer shares with the attention it replaces is
/// copied or sliced, what it introduced is drawn, everything outside the mixers is the teacher's tensor of the same name.
/// </summary>
sealed class Transfer(SeedSpec seed)
{
    public TensorOrigin Origin(TensorSlot slot, ResolvedLayer? layer)
    {
        if (layer?.Mixer is not ResolvedMamba2 mixer || !TensorTable.InMixer(slot.Group)) return new Copied(slot.Name);
        var attention = TowerNames.Prefix(layer) + "attention.";
        if (slot.Group == TensorGroup.Output) return new Copied(attention + "wo.weight");
        if (slot.Group > TensorGroup.Value) return Draws.Introduced(slot, mixer, seed);
        return seed.Kind == SeedKind.Scratch ? Draws.InverseRoot(slot.Shape[1]) : Slice(attention + "wqkv.weight", slot.Group, mixer);
    }

    // wqkv is grouped by kv head: of each group's rows the queries that read it, then its key, then its value.
    static Sliced Slice(string from, TensorGroup group, ResolvedMixer mixer)
    {
        var (queries, width) = (mixer.Heads / mixer.KvHeads * mixer.HeadDim, mixer.HeadDim);
        var stride = queries + 2 * width;
        return group switch
        {
            TensorGroup.Query => new(from, 0, queries, stride),
            TensorGroup.Key => new(from, queries, width, stride),
            _ => new(from, queries + width, width, stride),
        };
    }

    /// <summary>The teacher's tensors that a student begins without, each with the reason.</summary>
    public static Dictionary<string, string> Drops(EquatableArray<ResolvedLayer> layers, SeedSpec? seed) => seed?.Kind != SeedKind.Scratch
        ? []
        : layers.Where(layer => layer.Mixer is ResolvedMamba2).ToDictionary(
            layer => TowerNames.Prefix(layer) + "attention.wqkv.weight",
            layer => "the layer becomes mamba2, and seed scratch draws its query, key and value",
            StringComparer.Ordinal);
}
