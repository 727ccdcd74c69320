using MmMamba.ModelDsl.Mixers;

namespace MmMamba.ModelDsl.Specs;

/// <summary>Which layers have which mixer.</summary>
/// <param name="Placements">The mixers that have layers, in the order of <see cref="MixerKinds"/>; every layer is in one of them.</param>
public sealed record LayersSpec(EquatableArray<MixerPlacement> Placements)
{
    /// <summary>The layers of a kind.</summary>
    public EquatableArray<int> Of(MixerKind kind) => Placements.FirstOrDefault(placement => placement.Kind == kind)?.Layers ?? [];

    /// <summary>Whether there are layers of a kind that takes attention's place.</summary>
    public bool Converts => Placements.Any(placement => placement.Kind.Converts);

    /// <summary>The placement of each layer, by index.</summary>
    public MixerPlacement[] Each()
    {
        var each = new MixerPlacement[Placements.Sum(placement => placement.Layers.Count)];
        foreach (var placement in Placements)
            foreach (var layer in placement.Layers) each[layer] = placement;
        return each;
    }
}

/// <param name="Kind">The mixer.</param>
/// <param name="Layers">Indices over the model, ascending.</param>
/// <param name="File">File name of the spec that placed it.</param>
/// <param name="Line">Line (1-based) in it.</param>
public sealed record MixerPlacement(MixerKind Kind, EquatableArray<int> Layers, string File, int Line)
{
    /// <summary>File and line, as <c>file:line</c>.</summary>
    public string Source => FormattableString.Invariant($"{File}:{Line}");
}
