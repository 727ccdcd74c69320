using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>Finds the required keys that neither the spec nor its bases have.</summary>
static class Completeness
{
    /// <summary>Checks a spec; towers are checked where what they share is merged into them.</summary>
    public static void Check(Scope scope) => Mapping(scope, scope.Merged, SpecShape.Root, "a model", [scope.Own.Get("model")], atRoot: true);

    /// <summary>Checks one mapping of a spec.</summary>
    /// <param name="places">Where the mapping is written or missed, nearest last.</param>
    public static void Mapping(Scope scope, MappingNode mapping, MappingShape shape, string owner, IReadOnlyList<Node?> places, bool atRoot = false)
    {
        foreach (var key in shape.Keys)
        {
            if (mapping.Get(key.Name) is { } value)
            {
                // A tower may bring what the model as a whole leaves open.
                if (atRoot && MixerKinds.Find(key.Name) is not null) continue;
                Node(scope, value, key.Shape, Quote.Of(key.Name), [.. places, mapping.Find(key.Name)!.Key]);
            }
            // Keys of the file alone were required of the file.
            else if (key is { Required: true, Own: false })
            {
                scope.Report(Diagnostics.MissingKey, [mapping.Find(key.Name)?.Value, .. places.Reverse()], owner, Quote.Of(key.Name), key.Shape.Expected);
            }
        }
    }

    static void Node(Scope scope, Node node, Shape shape, string owner, IReadOnlyList<Node?> places)
    {
        switch (shape)
        {
            case MappingShape mapping when node is MappingNode inside:
                Mapping(scope, inside, mapping, owner, places);
                break;
            // An overlay is complete only with what lies below it.
            case NamedShape named when named.Item != FamilyShape.Variant && node is MappingNode inside:
                foreach (var entry in inside.Entries) Node(scope, entry.Value, named.Item, Quote.Of(entry.Key.Text), [.. places, entry.Key]);
                break;
            case ChoiceShape choice when Overlay.CaseOf(node) is { Entry: { } entry } && choice.Find(entry.Key.Text) is { } one:
                Node(scope, entry.Value, one.Shape, Quote.Of(entry.Key.Text), [.. places, entry.Key]);
                break;
        }
    }
}
