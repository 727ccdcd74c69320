using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>
/// The algebra of <c>extends</c>. Mappings merge key by key; scalars and lists replace; <c>~</c> takes away; a choice is patched by
/// the same case and replaced whole by another. The result is an overlay again: it keeps removals (<c>~</c>) and replacements
/// (<see cref="MappingNode.Replaces"/>) as marks, so that overlays compose to one overlay that does what they do one after the other,
/// and the overlay without entries changes nothing.
/// </summary>
static class Overlay
{
    /// <summary>The specs merged; what speaks of one file alone (its name, its summary) is the upper one's.</summary>
    public static MappingNode Specs(MappingNode low, MappingNode high) => Mappings(Inheritable(low, SpecShape.Root), high, SpecShape.Root);

    /// <summary>The families merged.</summary>
    public static MappingNode Families(MappingNode low, MappingNode high) => Mappings(Inheritable(low, FamilyShape.Root), high, FamilyShape.Root);

    /// <summary>The node that results from laying one over the other.</summary>
    public static Node Merge(Node low, Node high, Shape shape)
    {
        if (high is MappingNode { Replaces: true }) return high;
        return shape switch
        {
            ChoiceShape choice => Choice(low, high, choice),
            LayersShape => Both(low, high, (a, b) => Mappings(a, b, _ => LayersShape.Placement)),
            PlacementShape => Both(low, high, Placement),
            MappingShape mapping => Both(low, high, (a, b) => Mappings(a, b, mapping)),
            NamedShape named => Both(low, high, (a, b) => Mappings(a, b, _ => named.Item)),
            _ => high,
        };
    }

    static Node Both(Node low, Node high, Func<MappingNode, MappingNode, MappingNode> merge) => (low, high) switch
    {
        (MappingNode a, MappingNode b) => merge(a, b),
        // A mapping over a word, a list or a removal takes its place, whatever lies further down.
        (_, MappingNode b) => b with { Replaces = true },
        _ => high,
    };

    static MappingNode Mappings(MappingNode low, MappingNode high, MappingShape shape) =>
        Mappings(low, high, key => shape.Find(key)?.Shape);

    static MappingNode Mappings(MappingNode low, MappingNode high, Func<string, Shape?> shapes)
    {
        var entries = new List<Entry>();
        foreach (var entry in low.Entries)
        {
            var over = high.Find(entry.Key.Text);
            entries.Add(over is null
                ? entry
                : over with { Value = shapes(entry.Key.Text) is { } shape ? Merge(entry.Value, over.Value, shape) : over.Value });
        }
        foreach (var entry in high.Entries)
            if (low.Find(entry.Key.Text) is null) entries.Add(entry);
        return new MappingNode(high.Path, high.Span, new(entries), low.Replaces);
    }

    static Node Choice(Node low, Node high, ChoiceShape shape)
    {
        if (CaseOf(high) is not { } upper) return high;
        if (CaseOf(low) is not { } lower || lower.Name != upper.Name) return Whole(high);
        // The same case: a word alone has nothing to patch with, and what it lies over keeps its settings.
        if (upper.Entry is null) return low is MappingNode kept ? kept with { Path = high.Path, Span = high.Span } : high;
        if (lower.Entry is null || shape.Find(upper.Name) is not { } one) return high;
        var value = upper.Entry with { Value = Merge(lower.Entry.Value, upper.Entry.Value, one.Shape) };
        return new MappingNode(high.Path, high.Span, [value], low is MappingNode { Replaces: true });
    }

    // A word has no place for the mark, so it becomes the mapping that it is short for.
    static MappingNode Whole(Node high) => high switch
    {
        ScalarNode word => new(high.Path, high.Span, [new Entry(word, new MappingNode(high.Path, high.Span, []))], Replaces: true),
        _ => (MappingNode)high with { Replaces = true },
    };

    static MappingNode Placement(MappingNode low, MappingNode high)
    {
        var (lower, upper) = (PlacementForm.Of(low), PlacementForm.Of(high));
        if (!lower.Takes(upper))
        {
            var directed = lower is PlacementForm.Counted or PlacementForm.Periodic;
            return high with { Entries = [.. high.Entries.Where(entry => !(directed && entry.Provisional))], Replaces = true };
        }
        if (upper == PlacementForm.Towers) return Mappings(low, high, _ => PlacementShape.OfTower);
        var merged = Mappings(low, high, upper.Keys);
        // A direction alone patches what lies below, whichever of the two forms that has; what comes after it may be of the other.
        if (lower != PlacementForm.Direction) return Marked(merged, entry => entry.Provisional && high.Find(entry.Key.Text) is null);
        return upper == PlacementForm.Direction ? merged : Marked(merged, entry => entry.Provisional || high.Find(entry.Key.Text) is null);
    }

    static MappingNode Marked(MappingNode placement, Func<Entry, bool> provisional) =>
        placement with { Entries = [.. placement.Entries.Select(entry => entry with { Provisional = provisional(entry) })] };

    /// <summary>The case of a choice, and its entry where it has settings.</summary>
    public static (string Name, Entry? Entry)? CaseOf(Node node) => node switch
    {
        ScalarNode { Kind: ScalarKind.Text } word => (word.Text, null),
        MappingNode { Entries.Count: 1 } one => (one.Entries[0].Key.Text, one.Entries[0]),
        _ => null,
    };

    static MappingNode Inheritable(MappingNode root, MappingShape shape) =>
        root with { Entries = new(root.Entries.Where(entry => shape.Find(entry.Key.Text) is not { Own: true })) };

    /// <summary>Whether the nodes say the same: as written, but with numbers by value.</summary>
    public static bool SameMeaning(Node a, Node b) => (a, b) switch
    {
        (ScalarNode x, ScalarNode y) => x.Number is not null && y.Number is not null ? x.Number == y.Number : x.Kind == y.Kind && x.Text == y.Text,
        (SequenceNode x, SequenceNode y) => x.Items.Count == y.Items.Count && x.Items.Zip(y.Items, SameMeaning).All(same => same),
        (MappingNode x, MappingNode y) => x.Entries.Count == y.Entries.Count
            && x.Entries.All(entry => y.Find(entry.Key.Text) is { } other && SameMeaning(entry.Value, other.Value)),
        _ => false,
    };
}
