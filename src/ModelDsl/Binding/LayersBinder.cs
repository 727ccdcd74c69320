using System.Globalization;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>Turns placements into the list of layers that each mixer has.</summary>
sealed class LayersBinder(Scope scope, List<Tower> towers)
{
    readonly int _total = towers.Sum(tower => tower.Spec.Layers);

    /// <summary>What a mixer takes; null indices take the rest.</summary>
    sealed record Taken(MixerKind Kind, ScalarNode Key, Node Value, IReadOnlyCollection<int>? Layers);

    /// <summary>The layers, or null where the placements have errors.</summary>
    public LayersSpec? Bind(Entry entry)
    {
        if (Scalars.Word(entry.Value) is { } word) return new([Placed(MixerKinds.Find(word)!, Placement.All(_total), entry.Value)]);
        var mapping = (MappingNode)entry.Value;
        var errors = scope.Found.Count(IsError);
        var mixers = MixerKinds.All.Select(kind => Take(mapping, kind)).OfType<Taken>().ToList();
        if (scope.Found.Count(IsError) > errors) return null;

        var rests = mixers.Where(mixer => mixer.Layers is null).ToList();
        if (rests.Count > 1)
        {
            var surplus = ByOwn(rests).FirstOrDefault(mixer => scope.Wrote(mixer.Value)) ?? rests[0];
            scope.Report(Diagnostics.SeveralRests, surplus.Value, Quote.Of(rests.Find(mixer => mixer != surplus)!.Kind.Word));
            return null;
        }
        var named = mixers.SelectMany(mixer => mixer.Layers ?? []).ToList();
        var layers = mixers.ToDictionary(mixer => mixer, mixer => new SortedSet<int>(mixer.Layers ?? [.. Enumerable.Range(0, _total).Except(named)]));

        for (var i = 0; i < mixers.Count; i++)
            for (var j = i + 1; j < mixers.Count; j++)
                Overlap(mixers[i], mixers[j], [.. layers[mixers[i]].Intersect(layers[mixers[j]])]);
        var none = rests.Count > 0 ? [] : Enumerable.Range(0, _total).Except(named).ToList();
        if (none.Count > 0) scope.Report(Diagnostics.Uncovered, [.. ByOwn(mixers).Select(mixer => mixer.Key), entry.Key], Ranges(none));

        return new([.. mixers.Where(mixer => layers[mixer].Count > 0).Select(mixer => Placed(mixer.Kind, [.. layers[mixer]], mixer.Key))]);
    }

    void Overlap(Taken first, Taken second, List<int> both)
    {
        if (both.Count == 0) return;
        // Speak of the mixer that this file placed.
        var (at, other) = scope.Wrote(second.Value) ? (second, first) : (first, second);
        scope.Report(Diagnostics.Overlap, [at.Key, other.Key], Quote.Of(at.Key.Text), Ranges(both), Quote.Of(other.Key.Text));
    }

    // Where all were written by this file, the last one is the surplus.
    IEnumerable<Taken> ByOwn(IReadOnlyCollection<Taken> mixers) => mixers.All(mixer => scope.Wrote(mixer.Key))
        ? mixers.OrderByDescending(mixer => mixer.Key.Span.StartLine).ThenByDescending(mixer => mixer.Key.Span.StartColumn)
        : mixers;

    static bool IsError(Diagnostic diagnostic) => diagnostic.Severity == Severity.Error;

    static MixerPlacement Placed(MixerKind kind, EquatableArray<int> layers, Node node) =>
        new(kind, layers, ParsedSpec.FileNameOf(node.Path), node.Span.StartLine);

    Taken? Take(MappingNode layers, MixerKind kind)
    {
        if (layers.Find(kind.Word) is not { } entry || entry.Value is ScalarNode { Kind: ScalarKind.Null }) return null;
        return new(kind, entry.Key, entry.Value, entry.Value is MappingNode mapping && PlacementForm.Of(mapping) == PlacementForm.Towers
            ? ByTower(mapping, entry.Key)
            : Over(entry.Value, entry.Key, _total, "the model"));
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
