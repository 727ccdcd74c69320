using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>Holds what a file wrote against what it inherits: removals of nothing, and values that are inherited already.</summary>
static class OwnLines
{
    public static void Check(Scope scope, MappingNode? inherited, MappingShape root) => Mapping(scope, scope.Own, inherited, key => root.Find(key)?.Shape, root);

    static void Mapping(Scope scope, MappingNode own, MappingNode? low, Func<string, Shape?> shapes, MappingShape? root = null)
    {
        foreach (var entry in own.Entries)
        {
            if (root?.Find(entry.Key.Text) is { Own: true }) continue;
            var below = low?.Get(entry.Key.Text);
            if (entry.Value is ScalarNode { Kind: ScalarKind.Null })
            {
                if (below is null) scope.Report(Diagnostics.NothingToRemove, entry.Value, Quote.Of(entry.Key.Text));
            }
            else Compare(scope, entry, below, shapes(entry.Key.Text));
        }
    }

    static void Compare(Scope scope, Entry entry, Node? low, Shape? shape)
    {
        switch (entry.Value)
        {
            case MappingNode own when shape is MappingShape mapping:
                Mapping(scope, own, low as MappingNode, key => mapping.Find(key)?.Shape);
                break;
            case MappingNode own when shape is NamedShape named:
                Mapping(scope, own, low as MappingNode, _ => named.Item);
                break;
            case MappingNode own when shape is LayersShape:
                Mapping(scope, own, low as MappingNode, _ => LayersShape.Placement);
                break;
            case MappingNode own when shape is PlacementShape:
                var form = PlacementForm.Of(own);
                var patched = low is MappingNode placed && PlacementForm.Of(placed).Takes(form) ? placed : null;
                Mapping(scope, own, patched, key => form == PlacementForm.Towers ? PlacementShape.OfTower : form.Keys.Find(key)?.Shape);
                break;
            case MappingNode own when shape is ChoiceShape choice:
                var same = low is not null && Overlay.CaseOf(low)?.Name == Overlay.CaseOf(own)?.Name ? low as MappingNode : null;
                Mapping(scope, own, same, key => choice.Find(key)?.Shape);
                break;
            case ScalarNode word when shape is ChoiceShape:
                if (low is not null && Overlay.CaseOf(low) is { } lower && lower.Name == word.Text) Same(scope, entry);
                break;
            default:
                if (low is not null && Overlay.SameMeaning(entry.Value, low)) Same(scope, entry);
                break;
        }
    }

    static void Same(Scope scope, Entry entry) => scope.Report(Diagnostics.SameAsBase, entry.Value, Quote.Of(entry.Key.Text));
}
