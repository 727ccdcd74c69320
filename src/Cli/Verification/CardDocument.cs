using System.Globalization;
using MmMamba.ModelDsl.Rendering;

namespace MmMamba.Cli.Verification;

/// <summary>A card for people, in the terminal and as Markdown.</summary>
static class CardDocument
{
    const int LongestCell = 100;

    public static string Text(Card card) => DocumentText.Render(Of(card));

    public static string Markdown(Card card) => DocumentMarkdown.Render(Of(card));

    static Document Of(Card card)
    {
        var view = new Document().Title($"{card.Checkpoint}: {(card.Passed ? "passed" : "failed")}").Remark(Summary(card));
        var checks = new Columns("llllr").Titled("check", "result", "expected", "found", "seconds");
        foreach (var check in card.Checks) checks.Row(check.Name, Word(check.Outcome), check.Expected, check.Found, Seconds(check.Seconds));
        view.Heading("checks").Table(checks);
        if (card.Checks.Any(check => check.Reason is not null)) view.Heading("remarks");
        foreach (var check in card.Checks)
            if (check.Reason is { } reason) view.Line($"{check.Name}: {reason}");
        if (card.Against is { } against) Against(view, against);
        var findings = new Columns("lll");
        foreach (var check in card.Checks)
            foreach (var (i, finding) in check.Findings.Index()) findings.Row(i == 0 ? check.Name : "", finding.Name, finding.Show());
        view.Heading("findings").Table(findings);
        view.Heading("machine").Table(Pairs(card.Machine));
        view.Heading("versions").Table(Pairs(card.Versions.Append(new("date", card.Date))));
        return view;
    }

    static string Summary(Card card)
    {
        int Count(Outcome outcome) => card.Checks.Count(check => check.Outcome == outcome);
        var settings = card.Settings;
        return string.Create(CultureInfo.InvariantCulture,
            $"{card.Model ?? "Unknown model"} in {settings.Dtype} on {settings.Device} with {settings.Threads} thread{(settings.Threads == 1 ? "" : "s")}, weights {(settings.Weights == "map" ? "mapped" : "read")}: {Count(Outcome.Passed)} of {card.Checks.Count} checks passed, {Count(Outcome.Failed)} failed, {Count(Outcome.NotDone)} not done.");
    }

    static void Against(Document view, CardComparison against)
    {
        view.Heading($"against {against.Card}").Line(string.Create(CultureInfo.InvariantCulture,
            $"{against.Of}: {(against.Same ? "the same" : "not the same")}, with numbers up to {against.Tolerance} of the greatest apart"));
        var rows = new Columns("lllll").Titled("check", "finding", "result", "here", "there");
        foreach (var row in against.Findings)
            rows.Row(row.Check, row.Name, Word(row.Verdict) + (row.Note is { } note ? $": {note}" : ""), Short(row.Here), row.Verdict == Verdict.Same && row.Here == row.There ? "" : Short(row.There));
        view.Table(rows);
    }

    static Columns Pairs(IEnumerable<KeyValuePair<string, string>> pairs)
    {
        var columns = new Columns("ll");
        foreach (var (name, value) in pairs) columns.Row(name, value);
        return columns;
    }

    static string Short(string text) => text.Length <= LongestCell ? text : text[..(LongestCell - 3)] + "...";

    static string Word(Outcome outcome) => outcome switch { Outcome.Passed => "passed", Outcome.Failed => "FAILED", _ => "not done" };

    static string Word(Verdict verdict) => verdict switch { Verdict.Same => "same", Verdict.Differs => "DIFFERS", _ => "not compared" };

    static string Seconds(double seconds) => seconds.ToString(seconds < 100 ? "0.00" : "0", CultureInfo.InvariantCulture);
}
