using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>The layers of a spec, one by one: as it places them, and as stages 1 and 2 have them, all converted.</summary>
static class LayerList
{
    /// <summary>Epsilon of the mixer's own norms, a constant of edition 1: the published code fixes it whatever the model's norms have.</summary>
    public const decimal MixerNormEps = 0.00001m;

    public static EquatableArray<ResolvedLayer> Placed(ModelSpec model)
    {
        var attention = new HashSet<int>(model.Layers.Attention);
        return Of(model, attention.Contains);
    }

    public static EquatableArray<ResolvedLayer> Converted(ModelSpec model) => Of(model, _ => false);

    public static EquatableArray<ResolvedTower> Towers(ModelSpec model)
    {
        var towers = new List<ResolvedTower>();
        var first = 0;
        foreach (var tower in model.Towers)
        {
            towers.Add(new(tower.Name, first, tower.Layers));
            first += tower.Layers;
        }
        return new(towers);
    }

    static EquatableArray<ResolvedLayer> Of(ModelSpec model, Func<int, bool> keepsAttention)
    {
        var layers = new List<ResolvedLayer>();
        foreach (var tower in model.Towers)
        {
            var local = 0;
            foreach (var settings in tower.Each())
            {
                var index = layers.Count;
                var attention = keepsAttention(index);
                var source = attention
                    ? FormattableString.Invariant($"{model.Layers.AttentionFile}:{model.Layers.AttentionLine}")
                    : FormattableString.Invariant($"{model.Layers.Mamba2File}:{model.Layers.Mamba2Line}");
                ResolvedMixer mixer = attention
                    ? Attention(settings.Attention, model.Teacher is not null)
                    : Mamba2(settings.Attention, settings.Mamba2);
                layers.Add(new(index, tower.Name, local++, mixer, settings.NormEps, settings.MlpHidden, source));
            }
        }
        return new(layers);
    }

    // Attention that a student keeps has plain rotary positions, as released; only the teacher scales them past its range.
    static ResolvedAttention Attention(AttentionSpec spec, bool student) =>
        new(spec.Heads, spec.KvHeads, spec.HeadDim, spec.RopeTheta, spec.MaxPositions, student ? null : spec.DynamicFactor);

    static ResolvedMamba2 Mamba2(AttentionSpec heads, Mamba2Spec spec) =>
        new(heads.Heads, heads.KvHeads, heads.HeadDim,
            spec.Conv, spec.Chunk, spec.Gate, spec.GateNorm, spec.Decay, spec.Skip, spec.QkNorm, MixerNormEps);
}
