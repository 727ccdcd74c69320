using System.Globalization;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>Turns placements into the list of layers that keep attention.</summary>
sealed class LayersBinder(Scope scope, List<Tower> towers)
{
    readonly int _total = towers.Sum(tower => tower.Spec.Layers);

    /// <summary>What a mixer takes; null indices take the rest.</summary>
    sealed record Taken(ScalarNode Key, Node Value, IReadOnlyCollection<int>? Layers);

    /// <summary>The layers, or null where the placements have errors.</summary>
    public LayersSpec? Bind(Entry entry)
    {
        if (Scalars.Word(entry.Value) is { } mixer)
        {
            var (file, line) = Place(entry.Value);
            return new(mixer == "attention" ? Placement.All(_total) : [], file, line, file, line);
        }
        var mapping = (MappingNode)entry.Value;
        var errors = scope.Found.Count(IsError);
        var attention = Take(mapping, "attention");
        var mamba2 = Take(mapping, "mamba2");
        if (scope.Found.Count(IsError) > errors) return null;

        if (attention is { Layers: null } && mamba2 is { Layers: null })
        {
            scope.Report(Diagnostics.SeveralRests, ByOwn(attention.Value, mamba2.Value), scope.Wrote(attention.Value) && !scope.Wrote(mamba2.Value) ? "`mamba2`" : "`attention`");
            return null;
        }
        var kept = new SortedSet<int>(attention is null ? [] : attention.Layers ?? Rest(mamba2));
        var converted = new SortedSet<int>(mamba2 is null ? [] : mamba2.Layers ?? Rest(attention));

        var both = kept.Intersect(converted).ToList();
        if (both.Count > 0)
        {
            // Speak of the mixer that this file placed.
            var (at, other) = scope.Wrote(mamba2!.Value) ? (mamba2, attention!) : (attention!, mamba2);
            scope.Report(Diagnostics.Overlap, [at.Key, other.Key], Quote.Of(at.Key.Text), Ranges(both), Quote.Of(other.Key.Text));
        }
        var none = Enumerable.Range(0, _total).Where(i => !kept.Contains(i) && !converted.Contains(i)).ToList();
        if (none.Count > 0) scope.Report(Diagnostics.Uncovered, [.. ByOwn(attention?.Key, mamba2?.Key), entry.Key], Ranges(none));

        var (attentionFile, attentionLine) = Place(attention?.Key ?? entry.Key);
        var (mambaFile, mambaLine) = Place(mamba2?.Key ?? entry.Key);
        return new([.. kept], attentionFile, attentionLine, mambaFile, mambaLine);
    }

    // Where both were written by this file, the later one is the surplus.
    IEnumerable<Node?> ByOwn(Node? a, Node? b) =>
        a is null || b is null || !scope.Wrote(a) || !scope.Wrote(b) || a.Span.StartLine > b.Span.StartLine
        || (a.Span.StartLine == b.Span.StartLine && a.Span.StartColumn > b.Span.StartColumn)
            ? [a, b]
            : [b, a];

    static bool IsError(Diagnostic diagnostic) => diagnostic.Severity == Severity.Error;

    IEnumerable<int> Rest(Taken? other) => Enumerable.Range(0, _total).Except(other?.Layers ?? []);

    static (string File, int Line) Place(Node node) => (ParsedSpec.FileNameOf(node.Path), node.Span.StartLine);

    Taken? Take(MappingNode layers, string mixer)
    {
        if (layers.Find(mixer) is not { } entry || entry.Value is ScalarNode { Kind: ScalarKind.Null }) return null;
        if (entry.Value is MappingNode mapping && PlacementForm.Of(mapping) == PlacementForm.Towers) return new(entry.Key, entry.Value, ByTower(mapping, entry.Key));
        return new(entry.Key, entry.Value, Over(entry.Value, entry.Key, _total, "the model"));
    }

    List<int> ByTower(MappingNode placements, ScalarNode mixer)
    {
        var strangers = placements.Entries.Where(entry => !towers.Any(tower => tower.Spec.Name == entry.Key.Text)).ToList();
        foreach (var entry in strangers)
            scope.Report(Diagnostics.UnknownKey, entry.Key, Quote.Of(entry.Key.Text), "the placement",
                Suggestion.For(entry.Key.Text, [.. towers.Select(tower => tower.Spec.Name)]));
        var taken = new List<int>();
        foreach (var tower in towers)
        {
            var name = Quote.Of(tower.Spec.Name);
            if (placements.Get(tower.Spec.Name) is { } placement)
                taken.AddRange((Over(placement, placements.Find(tower.Spec.Name)!.Key, tower.Spec.Layers, name) ?? []).Select(i => tower.First + i));
            // A misspelt tower is not also a missing one.
            else if (strangers.Count == 0)
                scope.Report(Diagnostics.MissingKey, [placements.Find(tower.Spec.Name)?.Value, mixer], "a placement by tower", name, "a placement, such as `none`");
        }
        return taken;
    }

    /// <summary>The layers that a phrase takes of so many, as indices from 0; null for the rest.</summary>
    IReadOnlyCollection<int>? Over(Node placement, ScalarNode key, int layers, string where)
    {
        switch (Scalars.Word(placement))
        {
            case "all": return Placement.All(layers);
            case "none": return [];
            case "rest": return null;
        }
        var mapping = (MappingNode)placement;
        var form = PlacementForm.Of(mapping);
        var before = scope.Found.Count(IsError);
        Completeness.Mapping(scope, mapping, form.Keys, Quote.Of(key.Text), [key]);
        if (scope.Found.Count(IsError) > before) return [];
        return form switch
        {
            PlacementForm.Periodic => Periodic(mapping, layers, where),
            PlacementForm.Listed => Listed((SequenceNode)mapping.Get("at")!, layers, where),
            _ => Counted(mapping, layers, where),
        };
    }

    EquatableArray<int> Counted(MappingNode mapping, int layers, string where)
    {
        var count = ModelBinder.Integer(mapping.Get("count")!);
        if (!AtMost(mapping.Get("count")!, "count", count, layers, where)) return [];
        var from = ModelBinder.Text(mapping.Get("from"))!;
        var stacked = Placement.Stacked(layers, count, from == "head");
        if (ModelBinder.Text(mapping.Get("pattern")) == "stacked") return stacked;
        var interleaved = Placement.Interleaved(layers, count, from == "head");
        // Only where this file had a hand in it: what is inherited whole has warned in its base.
        var pattern = mapping.Get("pattern")!;
        if (count > 0 && interleaved == stacked && new[] { pattern, mapping.Get("count")!, mapping.Get("from")! }.Any(scope.Wrote))
            scope.Report(Diagnostics.InterleavedIsStacked, [pattern, mapping.Get("count"), mapping.Get("from")], count, layers, from);
        return interleaved;
    }

    EquatableArray<int> Periodic(MappingNode mapping, int layers, string where)
    {
        var every = ModelBinder.Integer(mapping.Get("every")!);
        return AtMost(mapping.Get("every")!, "every", every, layers, where)
            ? Placement.Every(layers, every, ModelBinder.Text(mapping.Get("from")) == "head")
            : [];
    }

    EquatableArray<int> Listed(SequenceNode list, int layers, string where)
    {
        var taken = new HashSet<int>();
        foreach (var item in list.Items)
        {
            var (first, last) = Scalars.Range(item)!.Value;
            if (first < 0 || last >= layers)
            {
                scope.Report(Diagnostics.NoSuchLayer, item, first < 0 || first >= layers ? first : last, where, layers - 1);
                continue;
            }
            for (var i = (int)first; i <= last; i++)
            {
                if (taken.Add(i)) continue;
                scope.Report(Diagnostics.LayerTwice, item, i);
                break;
            }
        }
        return Placement.At(layers, taken);
    }

    bool AtMost(Node node, string key, int value, int layers, string where)
    {
        if (value <= layers) return true;
        scope.Report(Diagnostics.CountAboveLayers, node, Quote.Of(key), value, where, layers);
        return false;
    }

    /// <summary>Ascending indices as ranges: 0, 4, 8..11.</summary>
    static string Ranges(List<int> indices)
    {
        var ranges = new List<string>();
        for (var i = 0; i < indices.Count; i++)
        {
            var first = i;
            while (i + 1 < indices.Count && indices[i + 1] == indices[i] + 1) i++;
            ranges.Add(first == i
                ? indices[i].ToString(CultureInfo.InvariantCulture)
                : string.Format(CultureInfo.InvariantCulture, "{0}..{1}", indices[first], indices[i]));
        }
        return ranges.Count <= 12 ? string.Join(", ", ranges) : string.Join(", ", ranges.Take(12)) + "...";
    }
}
