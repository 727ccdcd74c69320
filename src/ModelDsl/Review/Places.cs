using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Review;

/// <summary>How layers are named: by their index in the model where both models count alike, by tower otherwise.</summary>
static class Places
{
    public static string Text(ModelDiff diff, EquatableArray<LayerPlace> places)
    {
        var towers = LayerStrips.Towers(diff.Before);
        var alike = towers.SequenceEqual(LayerStrips.Towers(diff.After), StringComparer.Ordinal)
            && towers.All(tower => LayerStrips.Size(diff.Before, tower) == LayerStrips.Size(diff.After, tower));
        if (!alike)
            return "in " + string.Join(", ", places.GroupBy(place => place.Tower)
                .Select(tower => $"{tower.Key}[{Figures.Indices([.. tower.Select(place => place.Index)])}]"));
        if (places.Count == towers.Sum(tower => LayerStrips.Size(diff.Before, tower))) return "in all layers";
        var first = towers.Select((tower, i) => (tower, First: towers.Take(i).Sum(other => LayerStrips.Size(diff.Before, other))))
            .ToDictionary(pair => pair.tower, pair => pair.First);
        var indices = places.Select(place => (first.TryGetValue(place.Tower, out var start) ? start : 0) + place.Index).OrderBy(index => index);
        return $"in layer{(places.Count == 1 ? "" : "s")} {Figures.Indices([.. indices])}";
    }
}
