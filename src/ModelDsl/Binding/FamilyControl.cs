using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>Finds the member that a family's <c>control</c> names, by name or by its value on each axis.</summary>
sealed class FamilyControl(Scope scope, FamilyMembers family)
{
    /// <summary>The member's name; null where there is none, or none is named.</summary>
    public string? Find() => scope.Merged.Get("control") switch
    {
        ScalarNode name => ByName(name),
        MappingNode values => ByValues(values),
        _ => null,
    };

    string? ByName(ScalarNode name)
    {
        if (family.Members.Exists(member => member.Name == name.Text)) return name.Text;
        scope.Report(FamilyDiagnostics.UnknownControl, name, Quote.Of(name.Text), Suggestion.For(name.Text, [.. family.Members.Select(member => member.Name)]));
        return null;
    }

    string? ByValues(MappingNode values)
    {
        var (chosen, strangers) = (new List<AxisValue>(), 0);
        foreach (var entry in values.Entries)
        {
            if (family.Axes.Exists(axis => axis.Name == entry.Key.Text)) continue;
            strangers++;
            scope.Report(Diagnostics.UnknownKey, entry.Key, Quote.Of(entry.Key.Text), "`control`", Suggestion.For(entry.Key.Text, [.. family.Axes.Select(axis => axis.Name)]));
        }
        foreach (var axis in family.Axes)
        {
            var (written, named) = (values.Get(axis.Name), values.Get(axis.Name) is { } node ? Scalars.Word(node) : null);
            var value = written is null ? null : axis.Values.FirstOrDefault(value => named == value.Name || Overlay.SameMeaning(written, value.Written));
            if (value is not null) chosen.Add(value);
            else if (written is not null)
                scope.Report(Diagnostics.UnknownWord, written, Quote.Of(axis.Name), written is ScalarNode scalar ? Quote.Of(scalar.Text) : Quote.Describe(written),
                    Suggestion.For((written as ScalarNode)?.Text ?? "", [.. axis.Values.Select(value => value.Text)]));
            // A misspelt axis is not also a missing one.
            else if (strangers == 0)
                scope.Report(Diagnostics.MissingKey, [scope.Merged.Find("control")!.Key], "`control`", Quote.Of(axis.Name), Quote.OneOf(axis.Values.Select(value => value.Text)));
        }
        return chosen.Count == family.Axes.Count && strangers == 0
            ? family.Members.Find(member => !member.ByHand && member.Values.SequenceEqual(chosen))?.Name
            : null;
    }
}
