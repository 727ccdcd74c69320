using MmMamba.ModelDsl.Rendering;
using static MmMamba.ModelDsl.Rendering.JsonText;

namespace MmMamba.ModelDsl.Review;

/// <summary>How a difference between two families is shown: what changes in the table, then what changes in its models.</summary>
public static class FamilyDiffView
{
    // As far as a screen or two hold them models are told in full, and the first one always; the others are named with what changes.
    const int MostLines = 100, MostPaths = 6;

    /// <summary>The difference as text; lines end in <c>\n</c>.</summary>
    /// <param name="diff">The difference.</param>
    /// <param name="before">What the first family is called here, such as its name, or its name and revision.</param>
    /// <param name="after">What the second is called.</param>
    public static string Text(FamilyDiff diff, string before, string after) => Render(diff, before, after, DocumentText.Render);

    /// <summary>The same in GitHub's Markdown, for a pull request.</summary>
    /// <inheritdoc cref="Text"/>
    public static string Markdown(FamilyDiff diff, string before, string after) => Render(diff, before, after, DocumentMarkdown.Render);

    /// <summary>The same for programs, every model in full.</summary>
    /// <inheritdoc cref="Text"/>
    public static string Json(FamilyDiff diff, string before, string after) => new JsonText()
        .Field("before", String(before))
        .Field("after", String(after))
        .Field("equal", Flag(diff.IsEmpty))
        .Lines("table", DiffJson.Changes(diff.Table))
        .Lines("models", diff.Models.Select(alike => Inline(
            ("names", List(alike.Names.Select(String))), ("trained", List(DiffJson.Trained(alike.Diff))), ("changes", List(DiffJson.Changes(alike.Diff))))))
        .ToString();

    static string Render(FamilyDiff diff, string before, string after, Func<Document, string> render)
    {
        var view = new Document().Title(DiffView.Title(before, after));
        if (diff.IsEmpty) return render(view.Remark("No difference."));
        if (!diff.Table.IsEmpty) view.Heading("table");
        foreach (var change in diff.Table.Changes) DiffView.Shown(view, diff.Table, change);
        var whole = diff.Models.Select(alike => render(DiffView.Of(alike.Diff, alike.Title, alike.Names.Count == 1 ? "figures" : $"figures of {alike.Names[0]}"))).ToList();
        var lines = 0;
        var told = whole.TakeWhile((text, i) => (lines += text.Count(letter => letter == '\n')) <= MostLines || i == 0).Count();
        if (told < whole.Count) view.Heading($"{Figures.Count(whole.Count - told)} more, in short");
        foreach (var alike in diff.Models.Skip(told)) view.Line($"{alike.Title}: {Paths(alike)}");
        return string.Join("\n", whole.Take(told).Prepend(render(view)));
    }

    static string Paths(AlikeModels alike) => string.Join(", ", AlikeModels.Meaning(alike.Diff).Select(change => change.Path).Distinct().Take(MostPaths));
}
