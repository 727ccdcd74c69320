using System.Globalization;
using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Rendering;

namespace MmMamba.ModelDsl.Review;

/// <summary>The layers of two models, a letter each, one above the other; as many towers side by side as a line has room for.</summary>
static class LayerStrips
{
    const int Width = 96;

    /// <summary>The strips as columns that stand in rows of three lines: layers, before, after.</summary>
    public static IEnumerable<Columns> Of(ModelDiff diff)
    {
        var row = new List<(string Title, string Before, string After)>();
        var width = 0;
        foreach (var part in Parts(diff))
        {
            var partWidth = Math.Max(part.Title.Length, Math.Max(part.Before.Length, part.After.Length)) + 2;
            if (row.Count > 0 && width + partWidth > Width)
            {
                yield return Stacked(row);
                (row, width) = ([], 0);
            }
            row.Add(part);
            width += partWidth;
        }
        if (row.Count > 0) yield return Stacked(row);
    }

    static Columns Stacked(List<(string Title, string Before, string After)> parts) => new Columns(new string('l', parts.Count + 1))
        .Row(["", .. parts.Select(part => part.Title)])
        .Row(["before", .. parts.Select(part => part.Before)])
        .Row(["after", .. parts.Select(part => part.After)]);

    /// <summary>A line of counts by kind, such as <c>8 attention (A), 24 mamba2 (.)</c>.</summary>
    public static string Census(ModelFacts model)
    {
        var kinds = model.All.Where(fact => fact.Path == "mixer").GroupBy(fact => fact.Value).OrderBy(group => group.Key, StringComparer.Ordinal);
        return string.Join(", ", kinds.Select(kind => $"{Figures.Count(kind.Count())} {kind.Key} ({Letter(kind.Key)})"));
    }

    /// <summary>How many layers a tower has; 0 where there is none.</summary>
    public static int Size(ModelFacts model, string tower) =>
        model.Find("towers." + tower) is { } layers && int.TryParse(layers, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;

    /// <summary>The towers of a model in order.</summary>
    public static IReadOnlyList<string> Towers(ModelFacts model) =>
        [.. model.All.Where(fact => fact.Path.StartsWith("towers.", StringComparison.Ordinal)).Select(fact => fact.Path.Substring("towers.".Length))];

    static IEnumerable<(string Title, string Before, string After)> Parts(ModelDiff diff)
    {
        var (before, after) = (Kinds(diff.Before), Kinds(diff.After));
        var (firstBefore, firstAfter) = (0, 0);
        foreach (var tower in Towers(diff.Before).Union(Towers(diff.After)))
        {
            var (layersBefore, layersAfter) = (Size(diff.Before, tower), Size(diff.After, tower));
            for (var at = 0; at < Math.Max(layersBefore, layersAfter); at += Width)
            {
                var (left, right) = (Strip(before, tower, at, layersBefore), Strip(after, tower, at, layersAfter));
                var (atBefore, atAfter) = (Range(firstBefore + at, left.Length), Range(firstAfter + at, right.Length));
                yield return ($"{tower} {(atBefore == atAfter ? atBefore : $"{atBefore} -> {atAfter}")}", left, right);
            }
            (firstBefore, firstAfter) = (firstBefore + layersBefore, firstAfter + layersAfter);
        }
    }

    static string Range(int first, int count) => count == 0 ? "-" : Figures.Indices([.. Enumerable.Range(first, count)]);

    static string Strip(Dictionary<LayerPlace, string> kinds, string tower, int first, int layers) =>
        string.Concat(Enumerable.Range(first, Math.Max(0, Math.Min(Width, layers - first)))
            .Select(index => kinds.TryGetValue(new(tower, index), out var kind) ? Letter(kind) : '?'));

    static Dictionary<LayerPlace, string> Kinds(ModelFacts model)
    {
        var kinds = new Dictionary<LayerPlace, string>();
        foreach (var fact in model.All)
            if (fact is { Path: "mixer", Layer: { } place }) kinds[place] = fact.Value;
        return kinds;
    }

    // An approved text may tell of a kind that is no more.
    static char Letter(string kind) => MixerKinds.Find(kind)?.Mark ?? (kind.Length == 0 ? '?' : char.ToUpperInvariant(kind[0]));
}
