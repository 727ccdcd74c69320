using System.Globalization;
using MmMamba.ModelDsl.Rendering;

namespace MmMamba.ModelDsl.Review;

/// <summary>How a difference is shown to people: the verdict, then meaning, then names and prose.</summary>
public static class DiffView
{
    const int LongestOnOneLine = 80;

    static readonly (FactArea Area, string Heading)[] Lists =
        [(FactArea.Settings, "settings"), (FactArea.Transfer, "transfer"), (FactArea.Recipe, "recipe")];

    /// <summary>The difference as text; lines end in <c>\n</c>.</summary>
    /// <param name="diff">The difference.</param>
    /// <param name="before">What the first model is called here, such as its name, or its name and revision.</param>
    /// <param name="after">What the second is called.</param>
    public static string Text(ModelDiff diff, string before, string after) => DocumentText.Render(Of(diff, Title(before, after)));

    /// <summary>The same in GitHub's Markdown.</summary>
    public static string Markdown(ModelDiff diff, string before, string after) => DocumentMarkdown.Render(Of(diff, Title(before, after)));

    internal static string Title(string before, string after) => $"{before} -> {after}";

    /// <param name="figures">What the table of figures is called.</param>
    internal static Document Of(ModelDiff diff, string title, string figures = "figures")
    {
        var view = new Document().Title(title);
        if (diff.IsEmpty) return view.Remark("No difference.");
        if (!diff.IsCosmetic)
        {
            Verdicts(view, diff);
            Layers(view, diff);
            foreach (var (area, heading) in Lists) Changes(view, diff, area, heading);
            Counted(view, diff, figures);
            Changes(view, diff, FactArea.Identity, "fingerprints");
        }
        else view.Remark("The same model by other words: everything that was trained fits.");
        Changes(view, diff, FactArea.Cosmetics, "names and prose");
        return view;
    }

    static void Verdicts(Document view, ModelDiff diff)
    {
        var columns = new Columns("ll");
        foreach (var verdict in diff.Verdicts)
            columns.Row(verdict.Artefact, Word(verdict.Fit) + (verdict.Reason is { } reason ? $": {reason}" : ""));
        view.Heading("what was trained").Table(columns);
    }

    static string Word(Fit fit) => fit switch { Fit.Fits => "fits", Fit.OtherRecipe => "fits in shape", _ => "does not fit" };

    static void Layers(Document view, ModelDiff diff)
    {
        var changes = diff.Changes.Where(change => change.Area == FactArea.Layers).ToArray();
        if (changes.Length == 0) return;
        view.Heading("layers");
        foreach (var strip in LayerStrips.Of(diff)) view.Strip(strip);
        var (before, after) = (LayerStrips.Census(diff.Before), LayerStrips.Census(diff.After));
        view.Line(before == after ? $"{before}, before and after" : $"{before} -> {after}");
        foreach (var change in changes)
        {
            Shown(view, diff, change);
            if (change.Path == "mixer" && KindOrigins.Of(diff.After, change.Layers) is { } origins) view.Line(origins, depth: 1);
        }
    }

    static void Changes(Document view, ModelDiff diff, FactArea area, string heading)
    {
        var changes = diff.Changes.Where(change => change.Area == area).ToArray();
        if (changes.Length == 0) return;
        view.Heading(heading);
        foreach (var change in changes) Shown(view, diff, change);
    }

    internal static void Shown(Document view, ModelDiff diff, Change change)
    {
        var where = change.Layers.Count == 0 ? "" : $" {Places.Text(diff, change.Layers)}";
        var (before, after) = (change.Before, change.After);
        if (before is null || after is null) view.Line($"{(before is null ? "+" : "-")} {change.Path}{where}: {before ?? after}");
        else if (before.Length + after.Length <= LongestOnOneLine) view.Line($"~ {change.Path}{where}: {before} -> {after}");
        else view.Line($"~ {change.Path}{where}").Line($"before {before}", depth: 1).Line($"after  {after}", depth: 1);
    }

    // Figures stand there changed or not: that a change is free is news, too.
    static void Counted(Document view, ModelDiff diff, string heading)
    {
        var paths = diff.Before.All.Concat(diff.After.All).Select(fact => fact.Path).Where(path => Fact.AreaOf(path) == FactArea.Figures).Distinct();
        var columns = new Columns("lrrr").Titled("", "before", "after", "change");
        foreach (var path in paths)
        {
            var (before, after) = (diff.Before.Find(path), diff.After.Find(path));
            var (left, right) = (Figure(path, before), Figure(path, after));
            // Two sizes that round to one text are told to the byte.
            if (left == right && before != after) (left, right) = (Figure("", before), Figure("", after));
            columns.Row(Name(path), left, before == after ? "=" : right, Share(before, after));
        }
        view.Heading(heading).Table(columns);
    }

    static string Name(string path)
    {
        var parts = path.Split('.');
        return parts[0] == "bytes" && parts.Length == 3 ? $"cache at {Figure("", parts[2])} tokens, bfloat16"
            : parts[0] == "bytes" ? $"{parts[1]}, bfloat16"
            : parts.Length > 1 ? $"{parts[0]}, {parts[1]}" : path;
    }

    static string Figure(string path, string? value) =>
        Number(value) is not { } number ? value ?? "-" : path.StartsWith("bytes.", StringComparison.Ordinal) ? Figures.Bytes(number) : Figures.Count(number);

    static string Share(string? before, string? after) =>
        before != after && Number(before) is { } from and not 0 && Number(after) is { } to
            ? (100m * (to - (decimal)from) / from).ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture) + " %" : "";

    static long? Number(string? value) => long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
