using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>Finds what decided the values of a model, from itself down to its lowest base.</summary>
sealed class OriginFinder(WrittenSpec written)
{
    readonly WrittenSpec[] _chain = [.. Chain(written)];

    static IEnumerable<WrittenSpec> Chain(WrittenSpec top)
    {
        for (var one = top; one is not null; one = one.Base) yield return one;
    }

    /// <summary>The origin of the value at the end of a path.</summary>
    public Origin At(params string[] path) => Decided(Roots(path), level => Follow(level, path, Leaves));

    /// <summary>The origin of a choice: what names its case, whoever wrote the settings of it.</summary>
    public Origin OfCase(params string[] path) =>
        Decided(Roots(path), level => Follow(level, path, entry => [Overlay.CaseOf(entry.Value)?.Entry?.Key ?? entry.Key]));

    /// <summary>The origin of a value that layers have in common.</summary>
    public Origin OfLayers(IEnumerable<int> layers, params string[] path) =>
        Origin.Of(layers.Select(layer => Decided(Levels(layer), level => Follow(level, path, Leaves))));

    /// <summary>The origin of which layers keep attention: every key of the phrases, though not who takes the rest.</summary>
    public Origin OfPlacement() => Decided(Roots(["layers"]), level => Follow(level, ["layers"], entry =>
        Leaves(entry with { Value = entry.Value is MappingNode mixers
            ? mixers with { Entries = [.. mixers.Entries.Where(mixer => mixer.Value is not ScalarNode { Text: "rest" })] }
            : entry.Value })));

    /// <summary>The origin of a tower's number of layers.</summary>
    public Origin OfTower(string name) => Decided(Roots(["towers"]), level =>
    {
        foreach (var item in (level.Get("towers") as SequenceNode)?.Items ?? [])
            if (((MappingNode)item).Entries[0] is var tower && tower.Key.Text == name)
                return ([(tower.Value as MappingNode)?.Find("layers")?.Key ?? tower.Key], null);
        return ([], null);
    });

    /// <summary>Everything inherited that the model does without: removals of what a base wrote.</summary>
    public IEnumerable<(string Path, Origin Origin)> Removed() =>
        Nulls(written.Root, []).Select(path => (string.Join(".", path), At(path))).Where(one => one.Item2.TakenAwayBy.Count > 0);

    // Names, summary and the like speak of one file and are inherited by none.
    IEnumerable<MappingNode> Roots(string[] path) =>
        (SpecShape.Root.Find(path[0]) is { Own: true } ? _chain.Take(1) : _chain).Select(one => one.Root);

    // Only where the towers are the same ones does an index name the same layer.
    IEnumerable<MappingNode> Levels(int layer) => _chain.SelectMany(one =>
        ReferenceEquals(one.Root.Get("towers"), written.Root.Get("towers")) ? new[] { one.Layers[layer], one.Towers[layer], one.Root } : [one.Root]);

    static Origin Decided(IEnumerable<MappingNode> levels, Func<MappingNode, (EquatableArray<ScalarNode> Keys, ScalarNode? Mark)> find)
    {
        var found = levels.Select(find).ToList();
        var keys = found[0].Keys;
        var below = found.FindIndex(other => other.Keys.Count > 0 && other.Keys != keys);
        // What lies just above the level that has a value is what kept the value from coming up.
        return new(keys, keys.Count == 0, below < 0 ? [] : found[below].Keys,
            keys.Count == 0 && below > 0 && found[below - 1].Mark is { } mark ? [mark] : []);
    }

    /// <summary>What is written at the end of a path; where nothing is, the last mark on the way that keeps out what lies below.</summary>
    static (EquatableArray<ScalarNode> Keys, ScalarNode? Mark) Follow(MappingNode top, string[] path, Func<Entry, EquatableArray<ScalarNode>> keys)
    {
        var (at, mark) = ((Node)top, default(ScalarNode));
        Entry? entry = null;
        foreach (var key in path)
        {
            entry = (at as MappingNode)?.Find(key);
            if (entry is null) return ([], mark);
            if (entry.Value is ScalarNode { Kind: ScalarKind.Null }) return ([], entry.Key);
            if (entry.Value is MappingNode { Replaces: true }) mark = entry.Key;
            at = entry.Value;
        }
        return (keys(entry!), null);
    }

    /// <summary>What wrote a value: of a phrase all that it consists of, as each part may be another file's.</summary>
    static EquatableArray<ScalarNode> Leaves(Entry entry) => entry.Value is MappingNode { Entries.Count: > 0 } phrase
        ? [.. phrase.Entries.Where(part => part.Value is not ScalarNode { Kind: ScalarKind.Null }).SelectMany(part => Leaves(part))]
        : [entry.Key];

    static IEnumerable<string[]> Nulls(MappingNode node, string[] at) => node.Entries.SelectMany(entry => entry.Value switch
    {
        ScalarNode { Kind: ScalarKind.Null } => [[.. at, entry.Key.Text]],
        MappingNode inside => Nulls(inside, [.. at, entry.Key.Text]),
        _ => Enumerable.Empty<string[]>(),
    });
}
