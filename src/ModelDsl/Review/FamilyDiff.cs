using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Review;

/// <summary>What is different between two ablation families: in the table, and in the models.</summary>
/// <param name="Table">Axes, members, control, references, reported figures.</param>
/// <param name="Models">What changes in the base and in members that both have, then what new members change in the base.</param>
public sealed record FamilyDiff(ModelDiff Table, EquatableArray<AlikeModels> Models)
{
    /// <summary>Whether nothing is different.</summary>
    public bool IsEmpty => Table.IsEmpty && Models.Count == 0;

    /// <summary>Compares two families; members are held against those of their name.</summary>
    public static FamilyDiff Of(FamilyFacts before, FamilyFacts after)
    {
        var known = new Dictionary<string, ModelFacts>(StringComparer.Ordinal);
        foreach (var member in before.Members) known[member.Name] = member.Facts;
        var low = after.Of.Find("model") ?? "the base";
        var changed = after.Members.Where(member => known.ContainsKey(member.Name))
            .Select(member => (member.Name, Diff: ModelDiff.Of(known[member.Name], member.Facts)))
            .Prepend((Name: low, Diff: ModelDiff.Of(before.Of, after.Of)))
            .Where(one => !one.Diff.IsEmpty)
            .GroupBy(one => AlikeModels.Meaning(one.Diff))
            .Select(alike => Alike([.. alike.Select(one => one.Name)], alike.First().Diff));
        var added = after.Members.Where(member => !known.ContainsKey(member.Name))
            .Select(member => new AlikeModels($"{member.Name}, new beside {low}", [member.Name], ModelDiff.Of(after.Of, member.Facts)));
        return new(ModelDiff.Of(before.Family, after.Family), [.. changed, .. added]);

        AlikeModels Alike(EquatableArray<string> names, ModelDiff diff)
        {
            var members = names.Count(name => name != low);
            var title = members < 2 || members < after.Members.Count ? string.Join(", ", names)
                : FormattableString.Invariant($"{(members < names.Count ? low + " and " : "")}all {members} members");
            return new(title, names, diff);
        }
    }
}

/// <summary>Models in which the same changes, in their own figures apart.</summary>
/// <param name="Title">What they are called together.</param>
/// <param name="Names">Their names: members as in the family, the base as a model.</param>
/// <param name="Diff">What changes in the first of them.</param>
public sealed record AlikeModels(string Title, EquatableArray<string> Names, ModelDiff Diff)
{
    /// <summary>What changes but counts and fingerprints, which follow from the rest, each model's from its own.</summary>
    internal static EquatableArray<Change> Meaning(ModelDiff diff) =>
        diff.Changes.Where(change => change.Area is not (FactArea.Figures or FactArea.Identity)).ToEquatableArray();
}
