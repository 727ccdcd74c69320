using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>A place of a spec, written as its keys with dots between them: <c>layers.attention.from</c>.</summary>
/// <param name="Keys">The keys, each at its own column.</param>
/// <param name="Shape">What may stand there.</param>
sealed record SetPath(EquatableArray<ScalarNode> Keys, Shape Shape)
{
    /// <summary>The place; null where there is none, which is then reported at the key that leads nowhere.</summary>
    public static SetPath? Parse(Scope scope, ScalarNode written)
    {
        var keys = Parts(written);
        Shape shape = FamilyShape.Places;
        var owner = "a model";
        foreach (var key in keys)
        {
            var (next, known) = Inside(shape, key.Text);
            if (known is null)
            {
                scope.Report(FamilyDiagnostics.NotAPlace, key, owner, shape.Expected, Quote.Of(key.Text));
                return null;
            }
            if (next is null)
            {
                scope.Report(Diagnostics.UnknownKey, key, Quote.Of(key.Text), owner, Suggestion.For(key.Text, known));
                return null;
            }
            (shape, owner) = (next, Quote.Of(key.Text));
        }
        return new(keys, shape);
    }

    /// <summary>The overlay that sets the place to a value and nothing else.</summary>
    public MappingNode Overlay(Node value)
    {
        // The path is written once for all values of an axis, so what writes the place is the value.
        var last = Keys[Keys.Count - 1] with { Path = value.Path, Span = value.Span };
        var overlay = new MappingNode(value.Path, value.Span, [new Entry(last, value)]);
        for (var i = Keys.Count - 2; i >= 0; i--) overlay = overlay with { Entries = [new Entry(Keys[i], overlay)] };
        return overlay;
    }

    /// <summary>Whether setting one of the places sets the other too.</summary>
    public bool Covers(SetPath other) => Keys.Zip(other.Keys, (a, b) => a.Text == b.Text).All(same => same);

    /// <summary>What stands at a key, if there is such a key, and the keys that there are; none where the shape has no keys at all.</summary>
    static (Shape? Shape, IReadOnlyCollection<string>? Known) Inside(Shape shape, string key) => shape switch
    {
        MappingShape mapping => (mapping.Find(key)?.Shape, mapping.Names),
        ChoiceShape choice => (choice.Find(key)?.Shape, choice.Names),
        LayersShape => (LayersShape.Mixers.Contains(key) ? LayersShape.Placement : null, LayersShape.Mixers),
        PlacementShape placement => (InPlacement(placement, key), PlacementShape.FormKeys),
        _ => (null, null),
    };

    // Which towers there are is known once the base is, so any other word is taken for one.
    static Shape? InPlacement(PlacementShape placement, string key) =>
        (PlacementShape.Counted.Find(key) ?? PlacementShape.Periodic.Find(key) ?? PlacementShape.Listed.Find(key))?.Shape
        ?? (placement.InTower || !Identifiers.IsTowerName(key) || Suggestion.Nearest(key, PlacementShape.FormKeys) is not null ? null : PlacementShape.OfTower);

    static EquatableArray<ScalarNode> Parts(ScalarNode written)
    {
        var span = written.Span;
        // A text with escapes or several lines has no columns of its parts; the whole is then the place.
        var quotes = span.StartLine != span.EndLine ? -1 : (span.EndColumn - span.StartColumn - written.Text.Length) switch { 0 => 0, 2 => 1, _ => -1 };
        var parts = new List<ScalarNode>();
        var at = span.StartColumn + quotes;
        foreach (var part in written.Text.Split('.'))
        {
            parts.Add(new(written.Path, quotes < 0 ? span : span with { StartColumn = at, EndColumn = at + part.Length }, part, ScalarKind.Text, null));
            at += part.Length + 1;
        }
        return new(parts);
    }
}
