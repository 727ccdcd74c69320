using System.Globalization;
using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>
/// What the layers of a spec have, in the canonical form: the model shares what its first layer has, a tower what its own first layer has
/// otherwise, and overrides say the rest. So it hangs on the layers alone, and not on who wrote what for which of them.
/// </summary>
static class CanonicalLayers
{
    public static void Towers(CanonicalLines form, ModelSpec spec)
    {
        var (layers, first) = (Layers(spec), 0);
        foreach (var tower in spec.Towers)
        {
            var (item, count) = (CanonicalLines.Item + tower.Name, tower.Layers.ToString(CultureInfo.InvariantCulture));
            var own = Different(layers[first], layers[0]).ToList();
            form.Leaf(count, form.Origins?.OfTower(tower.Name), own.Count == 0 ? ["towers", item] : ["towers", item, "layers"]);
            foreach (var (path, value) in own)
                form.Leaf(value ?? "~", form.Origins?.OfLayers(Alike(layers, path, value, first, tower.Layers), path), ["towers", item, .. path]);
            first += tower.Layers;
        }
    }

    /// <summary>What the model shares, of the parts that are named.</summary>
    public static void Shared(CanonicalLines form, ModelSpec spec, IEnumerable<string> parts)
    {
        var layers = Layers(spec);
        foreach (var part in parts)
            foreach (var (path, value) in Values(layers[0]))
                if (path[0] == part && value is not null) form.Leaf(value, form.Origins?.OfLayers(Alike(layers, path, value, 0, layers.Count), path), path);
    }

    public static void Placed(CanonicalLines form, ModelSpec spec)
    {
        var (placements, origin) = (spec.Layers.Placements, form.Origins?.OfPlacement());
        if (placements.Count == 1)
        {
            form.Leaf(placements[0].Kind.Word, origin, "layers");
            return;
        }
        // The last one takes the rest.
        foreach (var placement in placements.Take(placements.Count - 1))
            form.Leaf($"[{Figures.Indices(placement.Layers)}]", origin, "layers", placement.Kind.Word, "at");
        form.Leaf("rest", "layers", placements[placements.Count - 1].Kind.Word);
    }

    public static void Overrides(CanonicalLines form, ModelSpec spec)
    {
        var first = 0;
        foreach (var tower in spec.Towers)
        {
            var layers = tower.Each().ToList();
            foreach (var alike in Enumerable.Range(0, layers.Count).Where(i => layers[i] != layers[0]).GroupBy(i => layers[i]))
            {
                var own = Different(alike.Key, layers[0]).ToList();
                var indices = alike.Select(i => first + i).ToList();
                form.Leaf(CanonicalValue.Quoted($"{tower.Name}[{Figures.Indices([.. alike])}]"),
                    form.Origins is { } origins ? Origin.Of(own.Select(setting => origins.OfLayers(indices, setting.Path))) with { InsteadOf = [], TakenAwayBy = [] } : null,
                    "overrides", CanonicalLines.Item + "where");
                foreach (var (path, value) in own)
                    form.Leaf(value ?? "~", form.Origins?.OfLayers(indices, path), ["overrides", CanonicalLines.Further + path[0], .. path.Skip(1)]);
            }
            first += tower.Layers;
        }
    }

    static List<LayerSettings> Layers(ModelSpec spec) => [.. spec.Towers.SelectMany(tower => tower.Each())];

    /// <summary>The layers, of so many from a first one on, that have a value in common.</summary>
    static IEnumerable<int> Alike(List<LayerSettings> layers, string[] path, string? value, int first, int count) =>
        Enumerable.Range(first, count).Where(i => Values(layers[i]).Any(one => one.Value == value && one.Path.SequenceEqual(path)));

    static IEnumerable<(string[] Path, string? Value)> Different(LayerSettings own, LayerSettings shared) =>
        Values(own).Zip(Values(shared), (mine, theirs) => (mine, theirs)).Where(pair => pair.mine.Value != pair.theirs.Value).Select(pair => pair.mine);

    static IEnumerable<(string[] Path, string? Value)> Values(LayerSettings layer) =>
    [
        (["norm", "rms"], CanonicalValue.Of(layer.NormEps)),
        (["mlp", "swiglu"], layer.MlpHidden.ToString(CultureInfo.InvariantCulture)),
        .. MixerKinds.All.SelectMany(kind => kind.Values(layer)).Select(one => (one.Path.Split('.'), one.Value)),
    ];
}
