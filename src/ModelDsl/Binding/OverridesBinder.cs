using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>
/// Lays the overrides of single layers over what their towers have. Their order means nothing: two that write one path of one layer
/// are refused.
/// </summary>
sealed class OverridesBinder(Scope scope, List<Tower> towers, LayersSpec layers)
{
    /// <summary>Something that an override writes: <c>mamba2.chunk</c>, and the override with this alone.</summary>
    sealed record Leaf(string Path, Entry Entry, MappingNode Alone);

    readonly MixerPlacement[] _placed = layers.Each();
    readonly MappingNode[] _towers = [.. towers.SelectMany(tower => Enumerable.Repeat(tower.Settings, tower.Spec.Layers))];
    /// <summary>Who wrote a path of a layer, and who wrote inside of it.</summary>
    readonly Dictionary<(int Layer, string Path), ScalarNode> _written = [], _inside = [];
    /// <summary>What is written on dynamic positions: one override may give the factor and another retain it, in any order.</summary>
    readonly List<(Leaf Leaf, IReadOnlyCollection<int> Selected)> _positions = [];

    /// <summary>The towers, their layers overridden.</summary>
    public List<Tower> Apply()
    {
        var merged = (MappingNode[])_towers.Clone();
        (scope.Towers, scope.Layers) = (_towers, merged);
        if (scope.Merged.Get("overrides") is not SequenceNode list) return towers;
        foreach (var item in list.Items.Cast<MappingNode>())
            if (Selected(item) is { } selected && Writes(item, selected))
                Each(merged, selected, node => LayerNodes.Merge(node, LayerNodes.Of(item)));
        foreach (var (leaf, selected) in _positions)
            if (Unheeded(leaf, [.. selected.Where(layer => _placed[layer].Kind.Reads(leaf.Path)).Select(layer => At(merged[layer], "attention.rope") as MappingNode)]) is { } reason)
                scope.Report(Diagnostics.NoEffect, leaf.Entry.Key, Quote.Of(leaf.Path), reason);
        if (scope.HasErrors) return towers;

        var settings = new LayerSettings[merged.Length];
        for (var i = 0; i < merged.Length; i++)
        {
            if (i > 0 && ReferenceEquals(merged[i], merged[i - 1])) settings[i] = settings[i - 1];
            else
            {
                Completeness.Mapping(scope, merged[i], SpecShape.Layer, "a layer", [scope.Merged.Find("overrides")!.Key]);
                if (scope.HasErrors) return towers;
                LayerNodes.Check(scope, merged[i]);
                settings[i] = LayerNodes.Read(merged[i]);
            }
        }
        return [.. towers.Select(tower => tower with { Spec = tower.Spec with { Overrides = Different(tower, settings) } })];
    }

    static EquatableArray<LayerOverride> Different(Tower tower, LayerSettings[] settings) =>
        [.. Enumerable.Range(0, tower.Spec.Layers).Where(i => settings[tower.First + i] != tower.Spec.Shared).Select(i => new LayerOverride(i, settings[tower.First + i]))];

    IReadOnlyCollection<int>? Selected(MappingNode item)
    {
        if (item.Get("where") is { } where) return LayerSelector.Parse(ModelBinder.Text(where)!)!.Over(scope, where, towers);
        scope.Report(Diagnostics.MissingKey, item.Entries.Count > 0 ? item.Entries[0].Key : item, "an override", "`where`", SpecShape.Where.Expected);
        return null;
    }

    /// <summary>Checks what an override writes; false where it writes nothing, or what another has written.</summary>
    bool Writes(MappingNode item, IReadOnlyCollection<int> selected)
    {
        var leaves = Leaves(LayerNodes.Of(item), "", alone => alone).ToList();
        if (leaves.Count == 0)
            scope.Report(Diagnostics.MissingKey, item.Find("where")!.Key, "an override", Quote.OneOf(SpecShape.Layer.Names), "what these layers have instead");
        var free = leaves.Count > 0;
        foreach (var leaf in leaves)
        {
            if (selected.Select(layer => Conflict(layer, leaf.Path)).FirstOrDefault(other => other is not null) is { } other)
            {
                scope.Report(Diagnostics.OverlappingOverrides, leaf.Entry.Key, Quote.Of(leaf.Path), other.Span.StartLine);
                free = false;
                continue;
            }
            foreach (var layer in selected) Note(layer, leaf);
            if (scope.Wrote(leaf.Entry.Key)) Doubts(leaf, selected, item);
        }
        return free;
    }

    ScalarNode? Conflict(int layer, string path) =>
        _inside.TryGetValue((layer, path), out var inside) ? inside
        : Prefixes(path).Append(path).Select(at => _written.TryGetValue((layer, at), out var at1) ? at1 : null).FirstOrDefault(at => at is not null);

    void Note(int layer, Leaf leaf)
    {
        _written[(layer, leaf.Path)] = leaf.Entry.Key;
        foreach (var prefix in Prefixes(leaf.Path)) _inside[(layer, prefix)] = leaf.Entry.Key;
    }

    static IEnumerable<string> Prefixes(string path)
    {
        for (var dot = path.IndexOf('.'); dot >= 0; dot = path.IndexOf('.', dot + 1)) yield return path.Substring(0, dot);
    }

    void Doubts(Leaf leaf, IReadOnlyCollection<int> selected, MappingNode item)
    {
        var where = Quote.Of(ModelBinder.Text(item.Get("where"))!);
        if (Unread(leaf.Path, selected) is { } reason) scope.Report(Diagnostics.NoEffect, leaf.Entry.Key, Quote.Of(leaf.Path), string.Format(System.Globalization.CultureInfo.InvariantCulture, reason, where));
        else if (leaf.Entry.Value is ScalarNode { Kind: ScalarKind.Null })
        {
            if (selected.All(layer => At(_towers[layer], leaf.Path) is null)) scope.Report(Diagnostics.NothingToRemove, leaf.Entry.Value, Quote.Of(leaf.Path));
        }
        else if (Distinct(selected).All(tower => LayerNodes.Read(LayerNodes.Merge(tower, leaf.Alone)) == LayerNodes.Read(tower)))
            scope.Report(Diagnostics.OverrideOfNothing, leaf.Entry.Value, where, Quote.Of(leaf.Path));
        else if (leaf.Path is AttentionKind.DynamicPath or AttentionKind.RetainedPath) _positions.Add((leaf, selected));
    }

    /// <summary>Why positions that an override writes are those of none of its layers; null where they are.</summary>
    /// <param name="ropes">What the layers with attention have in the end.</param>
    string? Unheeded(Leaf leaf, MappingNode?[] ropes)
    {
        var student = scope.Merged.Get("teacher") is not null;
        if (leaf.Path == AttentionKind.DynamicPath) return student && !ropes.Any(AttentionKind.Retains) ? AttentionKind.PlainStudent : null;
        if (!AttentionKind.RetainsValue(leaf.Entry.Value)) return null;
        return !student ? AttentionKind.OnlyStudent : ropes.Any(rope => rope?.Get("dynamic") is not (null or ScalarNode { Kind: ScalarKind.Null })) ? null : AttentionKind.NoFactor;
    }

    IEnumerable<MappingNode> Distinct(IEnumerable<int> selected)
    {
        MappingNode? last = null;
        foreach (var layer in selected)
            if (!ReferenceEquals(_towers[layer], last)) yield return last = _towers[layer];
    }

    /// <summary>Why no selected layer reads a path; null where one does.</summary>
    string? Unread(string path, IReadOnlyCollection<int> selected)
    {
        if (MixerKinds.Owner(path) is not { } owner) return null;
        var readers = selected.Select(layer => _placed[layer].Kind).Distinct();
        // Stages 1 and 2 convert every layer of a student.
        if (scope.Merged.Get("distill") is not null) readers = readers.Append(MixerKinds.Converted);
        return readers.Any(kind => kind.Reads(path)) ? null : $"no layer of {{0}} {owner.Phrase}";
    }

    static Node? At(MappingNode node, string path)
    {
        Node? at = node;
        foreach (var key in path.Split('.')) at = (at as MappingNode)?.Get(key);
        return at;
    }

    static IEnumerable<Leaf> Leaves(MappingNode node, string at, Func<MappingNode, MappingNode> around)
    {
        foreach (var entry in node.Entries)
        {
            MappingNode Alone(Node value) => around(node with { Entries = [entry with { Value = value }] });
            if (entry.Value is not MappingNode inside) yield return new(at + entry.Key.Text, entry, Alone(entry.Value));
            else foreach (var leaf in Leaves(inside, at + entry.Key.Text + ".", Alone)) yield return leaf;
        }
    }

    /// <summary>Changes some items, runs of one and the same item at once and to one and the same.</summary>
    static void Each(MappingNode[] nodes, IReadOnlyCollection<int> selected, Func<MappingNode, MappingNode> change)
    {
        MappingNode? before = null, after = null;
        foreach (var layer in selected)
        {
            if (!ReferenceEquals(nodes[layer], before)) (before, after) = (nodes[layer], change(nodes[layer]));
            nodes[layer] = after!;
        }
    }
}
