using System.Globalization;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>The layers that <c>where</c> names: a tower, <c>decoder[8..15]</c> with indices local to it, or <c>layers[...]</c> over the model.</summary>
/// <param name="Tower">A tower's name, or <c>layers</c>.</param>
/// <param name="Ranges">First and last indices; none stands for all layers.</param>
sealed record LayerSelector(string Tower, EquatableArray<(long First, long Last)> Ranges)
{
    /// <summary>The word for all towers together.</summary>
    public const string AllLayers = "layers";

    /// <summary>Reads an expression; null where it isn't one.</summary>
    public static LayerSelector? Parse(string text)
    {
        text = text.Trim();
        var bracket = text.IndexOf('[');
        var name = (bracket < 0 ? text : text.Substring(0, bracket)).TrimEnd();
        if (!Identifiers.IsTowerName(name)) return null;
        if (bracket < 0) return new(name, []);
        if (!text.EndsWith("]", StringComparison.Ordinal)) return null;
        var ranges = new List<(long, long)>();
        foreach (var part in text.Substring(bracket + 1, text.Length - bracket - 2).Split(','))
        {
            var (trimmed, dots) = (part.Trim(), part.Trim().IndexOf("..", StringComparison.Ordinal));
            var first = Index(dots < 0 ? trimmed : trimmed.Substring(0, dots));
            var last = dots < 0 ? first : Index(trimmed.Substring(dots + 2));
            if (first is null || last is null || last < first) return null;
            ranges.Add((first.Value, last.Value));
        }
        return new(name, new(ranges));
    }

    static long? Index(string text) =>
        long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;

    /// <summary>The indices over the model, ascending; null where there are no such layers, which is then said at <paramref name="place"/>.</summary>
    public IReadOnlyCollection<int>? Over(Scope scope, Node place, List<Tower> towers)
    {
        var tower = towers.Find(one => one.Spec.Name == Tower);
        if (tower is null && Tower != AllLayers)
        {
            scope.Report(Diagnostics.UnknownWord, place, "`where`", Quote.Of(Tower), Suggestion.For(Tower, [.. towers.Select(one => one.Spec.Name), AllLayers]));
            return null;
        }
        var (offset, count) = tower is null ? (0, towers.Sum(one => one.Spec.Layers)) : (tower.First, tower.Spec.Layers);
        if (Ranges.Count == 0) return [.. Enumerable.Range(offset, count)];
        var taken = new SortedSet<int>();
        foreach (var (first, last) in Ranges)
        {
            if (last >= count)
            {
                scope.Report(Diagnostics.NoSuchLayer, place, first >= count ? first : last, tower is null ? "the model" : Quote.Of(Tower), count - 1);
                return null;
            }
            for (var i = (int)first; i <= last; i++)
            {
                if (taken.Add(offset + i)) continue;
                scope.Report(Diagnostics.LayerTwice, place, i);
                return null;
            }
        }
        return taken;
    }
}
