using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Review;

/// <summary>
/// How a difference between two families is shown: what changes in the table, then what changes in its models. Models in which the
/// same changes stand together; a member that is new is told by what it changes in the base.
/// </summary>
static class FamilyDiffView
{
    // As far as a screen or two hold them models are told in full, and the first one always; the others are named with what changes.
    const int MostLines = 100, MostPaths = 6;

    /// <summary>Models in which the same changes.</summary>
    sealed record Alike(string Title, ModelDiff Diff, string First)
    {
        public string Text => DocumentText.Render(DiffView.Of(Diff, Title, Title == First ? "figures" : $"figures of {First}"));

        public string Paths => string.Join(", ", Meaning(Diff).Select(change => change.Path).Distinct().Take(MostPaths));
    }

    /// <summary>The difference; null where there is none.</summary>
    public static string? Text(FamilyFacts before, FamilyFacts after)
    {
        var (table, models) = (ModelDiff.Of(before.Family, after.Family), Models(before, after));
        if (table.IsEmpty && models.Count == 0) return null;
        var view = new Document().Title(DiffView.Title(Name(before, "approved"), Name(after, "received")));
        if (!table.IsEmpty) view.Heading("table");
        foreach (var change in table.Changes) DiffView.Shown(view, table, change);
        var whole = models.Select(alike => alike.Text).ToList();
        var lines = 0;
        var told = whole.TakeWhile((text, i) => (lines += text.Count(letter => letter == '\n')) <= MostLines || i == 0).Count();
        if (told < models.Count) view.Heading($"{Figures.Count(models.Count - told)} more, in short");
        foreach (var alike in models.Skip(told)) view.Line($"{alike.Title}: {alike.Paths}");
        return string.Join("\n", whole.Take(told).Prepend(DocumentText.Render(view)));
    }

    static string Name(FamilyFacts family, string side) => $"{family.Family.Find("ablation")} as {side}";

    static List<Alike> Models(FamilyFacts before, FamilyFacts after)
    {
        var known = new Dictionary<string, ModelFacts>(StringComparer.Ordinal);
        foreach (var member in before.Members) known[member.Name] = member.Facts;
        var low = after.Of.Find("model") ?? "the base";
        var changed = after.Members.Where(member => known.ContainsKey(member.Name))
            .Select(member => (member.Name, Diff: ModelDiff.Of(known[member.Name], member.Facts)))
            .Prepend((Name: low, Diff: ModelDiff.Of(before.Of, after.Of)))
            .Where(one => !one.Diff.IsEmpty)
            .GroupBy(one => Meaning(one.Diff), one => one)
            .Select(alike => new Alike(Names([.. alike.Select(one => one.Name)], low, after), alike.First().Diff, alike.First().Name));
        var added = after.Members.Where(member => !known.ContainsKey(member.Name))
            .Select(member => new Alike($"{member.Name}, new beside {low}", ModelDiff.Of(after.Of, member.Facts), member.Name));
        return [.. changed, .. added];
    }

    // Counts and fingerprints follow from the rest, each member's from its own.
    static EquatableArray<Change> Meaning(ModelDiff diff) =>
        diff.Changes.Where(change => change.Area is not (FactArea.Figures or FactArea.Identity)).ToEquatableArray();

    static string Names(List<string> names, string low, FamilyFacts family)
    {
        var members = names.Where(name => name != low).ToList();
        if (members.Count < 2 || members.Count < family.Members.Count) return string.Join(", ", names);
        return (members.Count < names.Count ? low + " and " : "") + $"all {Figures.Count(members.Count)} members";
    }
}
