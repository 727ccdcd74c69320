using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>
/// Where the tensors of a student come from: exactly one origin each. What a mixer shares with the attention it replaces is
/// copied or sliced, what it introduced is drawn, everything outside the mixers is the teacher's tensor of the same name.
/// </summary>
sealed class Transfer(ResolvedModel teacher, SeedSpec seed)
{
    readonly Dictionary<string, ResolvedTensor> _teacher = teacher.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);

    public TensorOrigin Origin(TensorSlot slot, ResolvedLayer? layer)
    {
        if (layer?.Mixer is not ResolvedMamba2 mixer || !TensorTable.InMixer(slot)) return new Copied(slot.Name);
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

    /// <summary>The first reason why the tensors can't come from this teacher, as a sentence; null where they can.</summary>
    public string? Mismatch(IEnumerable<ResolvedTensor> tensors)
    {
        foreach (var tensor in tensors)
        {
            var (name, rows) = tensor.Origin switch
            {
                Copied copied => (copied.From, tensor.Shape[0]),
                Sliced sliced => (sliced.From, tensor.Shape[0] / sliced.Rows * sliced.Stride),
                _ => ("", 0L),
            };
            if (name == "") continue;
            if (!_teacher.TryGetValue(name, out var source))
                return $"{tensor.Name} comes from {name}, which {teacher.Name} does not have; "
                    + "a student has the towers of its teacher, and the teacher attention in every layer.";
            if (source.Shape[0] != rows || !source.Shape.Skip(1).SequenceEqual(tensor.Shape.Skip(1)))
                return $"{tensor.Name} {Text(tensor.Shape)} does not fit {name} {Text(source.Shape)} of {teacher.Name}; "
                    + "a student has its teacher's sizes.";
        }
        return null;
    }

    /// <summary>The teacher's tensors that none of the given ones comes from, in the teacher's order.</summary>
    public EquatableArray<string> Dropped(IEnumerable<ResolvedTensor> tensors)
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tensor in tensors)
            if ((tensor.Origin as Copied)?.From is { } copied) used.Add(copied);
            else if ((tensor.Origin as Sliced)?.From is { } sliced) used.Add(sliced);
        return new(teacher.Tensors.Select(tensor => tensor.Name).Where(name => !used.Contains(name)));
    }

    static string Text(EquatableArray<long> shape) => $"({string.Join(", ", shape)})";
}
