using System.Globalization;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>
/// What the layers of a spec have, in the canonical form: the model shares what its first layer has, a tower what its own first layer has
/// otherwise, and overrides say the rest. So it hangs on the layers alone, and not on who wrote what for which of them.
/// </summary>
static class CanonicalLayers
{
    public static void Towers(CanonicalLines form, ModelSpec spec, WrittenSpec? written)
    {
        var (shared, first) = (spec.Towers[0].Each().First(), 0);
        for (var i = 0; i < spec.Towers.Count; i++)
        {
            var tower = spec.Towers[i];
            var (item, layers) = (CanonicalLines.Item + tower.Name, tower.Layers.ToString(CultureInfo.InvariantCulture));
            var own = Different(tower.Each().First(), shared).ToList();
            var node = ((written?.Root.Get("towers") as SequenceNode)?.Items[i] as MappingNode)?.Entries[0].Value;
            form.Leaf(layers, (node as MappingNode)?.Get("layers") ?? node, own.Count == 0 ? ["towers", item] : ["towers", item, "layers"]);
            foreach (var (path, value) in own) form.Leaf(value ?? "~", Origin(written, first, path), ["towers", item, .. path]);
            first += tower.Layers;
        }
    }

    /// <summary>What the model shares, of the parts that are named.</summary>
    public static void Shared(CanonicalLines form, ModelSpec spec, WrittenSpec? written, params string[] parts)
    {
        foreach (var part in parts)
            foreach (var (path, value) in Values(spec.Towers[0].Each().First()))
                if (path[0] == part && value is not null) form.Leaf(value, Origin(written, 0, path), path);
    }

    public static void Placed(CanonicalLines form, ModelSpec spec, WrittenSpec? written)
    {
        var (kept, total) = (spec.Layers.Attention, spec.Towers.Sum(tower => tower.Layers));
        var layers = written?.Root.Get("layers");
        if (kept.Count == 0 || kept.Count == total)
        {
            form.Leaf(kept.Count == 0 ? "mamba2" : "attention", "layers");
            return;
        }
        var (attention, mamba2) = (CanonicalLines.At(layers as MappingNode, "attention"), CanonicalLines.At(layers as MappingNode, "mamba2"));
        form.Leaf($"[{Figures.Indices(kept)}]", attention ?? mamba2, "layers", "attention", "at");
        form.Leaf("rest", mamba2 ?? attention, "layers", "mamba2");
    }

    public static void Overrides(CanonicalLines form, ModelSpec spec, WrittenSpec? written)
    {
        var first = 0;
        foreach (var tower in spec.Towers)
        {
            var layers = tower.Each().ToList();
            foreach (var alike in Enumerable.Range(0, layers.Count).Where(i => layers[i] != layers[0]).GroupBy(i => layers[i]))
            {
                var own = Different(alike.Key, layers[0]).ToList();
                var at = first + alike.First();
                form.Leaf(CanonicalValue.Quoted($"{tower.Name}[{Figures.Indices([.. alike])}]"), Origin(written, at, own[0].Path), "overrides", CanonicalLines.Item + "where");
                foreach (var (path, value) in own)
                    form.Leaf(value ?? "~", Origin(written, at, path), ["overrides", CanonicalLines.Further + path[0], .. path.Skip(1)]);
            }
            first += tower.Layers;
        }
    }

    static Node? Origin(WrittenSpec? written, int layer, string[] path) => CanonicalLines.At(written?.Layers[layer], path);

    static IEnumerable<(string[] Path, string? Value)> Different(LayerSettings own, LayerSettings shared) =>
        Values(own).Zip(Values(shared), (mine, theirs) => (mine, theirs)).Where(pair => pair.mine.Value != pair.theirs.Value).Select(pair => pair.mine);

    static IEnumerable<(string[] Path, string? Value)> Values(LayerSettings layer)
    {
        static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);
        var (attention, mamba2) = (layer.Attention, layer.Mamba2);
        yield return (["norm", "rms"], CanonicalValue.Of(layer.NormEps));
        yield return (["mlp", "swiglu"], Whole(layer.MlpHidden));
        yield return (["attention", "heads"], Whole(attention.Heads));
        yield return (["attention", "kv_heads"], Whole(attention.KvHeads));
        yield return (["attention", "head_dim"], Whole(attention.HeadDim));
        yield return (["attention", "rope", "theta"], CanonicalValue.Of(attention.RopeTheta));
        yield return (["attention", "rope", "max_positions"], Whole(attention.MaxPositions));
        yield return (["attention", "rope", "dynamic"], attention.DynamicFactor is { } factor ? CanonicalValue.Of(factor) : null);
        yield return (["mamba2", "conv"], mamba2.Conv == 0 ? "off" : Whole(mamba2.Conv));
        yield return (["mamba2", "chunk"], Whole(mamba2.Chunk));
        yield return (["mamba2", "gate"], CanonicalValue.Of(mamba2.Gate));
        yield return (["mamba2", "gate_norm"], CanonicalValue.Of(mamba2.GateNorm));
        yield return (["mamba2", "decay"], CanonicalValue.Of(mamba2.Decay));
        yield return (["mamba2", "skip"], CanonicalValue.Of(mamba2.Skip));
        yield return (["mamba2", "qk_norm"], CanonicalValue.Of(mamba2.QkNorm));
    }
}
