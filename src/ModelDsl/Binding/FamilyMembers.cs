using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>A member before it is bound.</summary>
/// <param name="Values">Its values on the axes; empty for a variant.</param>
/// <param name="Overlay">What it lays over the base.</param>
/// <param name="Cause">The place of the family that makes it.</param>
sealed record MemberDraft(string Name, EquatableArray<AxisValue> Values, MappingNode Overlay, Node Cause)
{
    /// <summary>Whether its overlay was written for it alone.</summary>
    public bool ByHand => Values.Count == 0;
}

/// <param name="Name">What it adds to the name of a member.</param>
/// <param name="Text">As it is shown.</param>
/// <param name="Written">The item of the list.</param>
/// <param name="Node">What is set.</param>
sealed record AxisValue(string Name, string Text, Node Written, Node Node);

/// <param name="Key">Where the axis is named.</param>
sealed record Axis(string Name, ScalarNode Key, string Set, SetPath Path, EquatableArray<AxisValue> Values)
{
    public AxisSpec Spec => new(Name, Set, [.. Values.Select(value => value.Text)]);
}

/// <summary>Reads axes and variants into members: the product of the axes, the first one slowest, then the variants.</summary>
sealed class FamilyMembers(Scope scope)
{
    readonly string _family = scope.Spec.Name!;

    public List<Axis> Axes { get; } = [];
    public List<MemberDraft> Members { get; } = [];

    public void Read()
    {
        var (axes, variants) = (scope.Merged.Get("axes") as MappingNode, scope.Merged.Get("variants") as MappingNode);
        if (axes is null && variants is null)
        {
            scope.Report(FamilyDiagnostics.NoMembers, [scope.Merged.Find("axes")?.Value, scope.Merged.Find("variants")?.Value, scope.Own.Get("ablation")]);
            return;
        }
        var written = Entries(axes).ToList();
        // Before anything is compared or made: a file may hold many more.
        foreach (var (list, count) in Lists(written, variants))
        {
            if (count <= FamilyShape.MaxMembers) continue;
            scope.Report(FamilyDiagnostics.TooManyMembers, list, count, FamilyShape.MaxMembers);
            return;
        }
        foreach (var entry in written)
            if (Axis(entry) is { } axis) Axes.Add(axis);
        if (Axes.Count == written.Count && Axes.Count > 0 && Fits(axes!, Entries(variants).Count())) Product([], FamilyShape.Places);
        foreach (var entry in Entries(variants))
            if (entry.Value is MappingNode overlay) Add(new(entry.Key.Text, [], overlay, entry.Key), entry.Key);
    }

    static IEnumerable<(Node List, int Count)> Lists(List<Entry> axes, MappingNode? variants)
    {
        foreach (var axis in axes)
            if (((MappingNode)axis.Value).Get("to") is SequenceNode to) yield return (axis.Key, to.Items.Count);
        if (variants is not null) yield return (variants, Entries(variants).Count());
    }

    static IEnumerable<Entry> Entries(MappingNode? mapping) =>
        mapping?.Entries.Where(entry => entry.Value is not ScalarNode { Kind: ScalarKind.Null }) ?? [];

    Axis? Axis(Entry entry)
    {
        var (set, to) = ((ScalarNode)((MappingNode)entry.Value).Get("set")!, (SequenceNode)((MappingNode)entry.Value).Get("to")!);
        if (SetPath.Parse(scope, set) is not { } path) return null;
        foreach (var other in Axes)
            if (other.Path.Covers(path))
                scope.Report(FamilyDiagnostics.AxesOverlap, [set, entry.Key], Quote.Of(entry.Key.Text), Quote.Of(set.Text), Quote.Of(other.Name));
        var values = new List<AxisValue>();
        foreach (var item in to.Items)
        {
            if (values.Exists(value => Overlay.SameMeaning(value.Written, item))) scope.Report(Diagnostics.Repeated, item, Quote.Of(Text(item)));
            else if (Value(entry.Key.Text, set, path, item) is { } value) values.Add(value);
        }
        return values.Count == to.Items.Count ? new(entry.Key.Text, entry.Key, set.Text, path, new(values)) : null;
    }

    /// <summary>A value, by itself or as <c>{ NAME: value }</c>: names begin with a capital letter, and keys of the language never do.</summary>
    AxisValue? Value(string axis, ScalarNode set, SetPath path, Node item)
    {
        var named = item is MappingNode { Entries.Count: 1 } one && Identifiers.IsClassName(one.Entries[0].Key.Text) ? one.Entries[0] : null;
        var value = named?.Value ?? item;
        if ((named is null || value is not ScalarNode { Kind: ScalarKind.Null }) && !Holds(value, set, path)) return null;
        var name = named?.Key.Text ?? MemberNames.Of(axis, item);
        if (name is not null) return new(name, named?.Key.Text ?? Text(item), item, value);
        scope.Report(FamilyDiagnostics.ValueNeedsName, [item, set], Quote.Describe(item));
        return null;
    }

    /// <summary>Whether the place takes the value; a value that only was inherited is spoken of where this file set the place.</summary>
    bool Holds(Node value, ScalarNode set, SetPath path)
    {
        var found = new List<Diagnostic>();
        new ShapeChecker(value.Path, found).Value(value, path.Shape, Quote.Of(path.Keys[path.Keys.Count - 1].Text));
        if (scope.Wrote(value)) scope.Add(found);
        else foreach (var diagnostic in found) scope.Report(diagnostic, set);
        return found.Count == 0;
    }

    static string Text(Node node) => node is ScalarNode scalar ? scalar.Number ?? scalar.Text : Quote.Describe(node);

    /// <summary>Whether there are no more members than a family may have.</summary>
    bool Fits(MappingNode axes, int variants)
    {
        var count = 1L;
        foreach (var axis in Axes) count = Math.Min(int.MaxValue, count * axis.Values.Count);
        if (count + variants <= FamilyShape.MaxMembers) return true;
        scope.Report(FamilyDiagnostics.TooManyMembers, [.. Axes.Select(axis => axis.Key), axes], count + variants, FamilyShape.MaxMembers);
        return false;
    }

    void Product(EquatableArray<AxisValue> chosen, Shape shape)
    {
        if (chosen.Count < Axes.Count)
        {
            foreach (var value in Axes[chosen.Count].Values) Product([.. chosen, value], shape);
            return;
        }
        var overlay = Axes.Zip(chosen, (axis, value) => (Node)axis.Path.Overlay(value.Node)).Aggregate((low, high) => Overlay.Merge(low, high, shape));
        var last = chosen[chosen.Count - 1].Written;
        Add(new(string.Concat(chosen.Select(value => value.Name)), chosen, (MappingNode)overlay, last), last);
    }

    void Add(MemberDraft member, Node place)
    {
        if (!Identifiers.IsClassName(member.Name) || MemberNames.IsTaken(member.Name, _family))
            scope.Report(FamilyDiagnostics.TakenMember, place, Quote.Of(member.Name));
        else if (Members.Exists(other => string.Equals(other.Name, member.Name, StringComparison.OrdinalIgnoreCase)))
            scope.Report(FamilyDiagnostics.MemberTwice, place, Quote.Of(member.Name));
        else Members.Add(member);
    }
}
