using System.Text;
using Spectre.Console;

namespace MmMamba.Cli.Reports;

/// <summary>Accuracies on the screen: a table in a terminal, plain aligned columns elsewhere.</summary>
static class ReportTable
{
    /// <summary>Writes the table to a console.</summary>
    public static void Write(IAnsiConsole console, AccuracyReport accuracy)
    {
        if (!console.Profile.Out.IsTerminal)
        {
            console.Profile.Out.Writer.Write(Plain(accuracy));
            return;
        }
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
        foreach (var (header, i) in Header(accuracy).Select((header, i) => (header, i)))
            table.AddColumn(new TableColumn(Cell(header)) { Alignment = i == 0 ? Justify.Left : Justify.Right, NoWrap = i > 0 });
        foreach (var row in Rows(accuracy))
            table.AddRow(row.Select(Cell));
        table.AddEmptyRow();
        table.AddRow(Mean(accuracy).Select(cell => new Text(cell, new Style(decoration: Decoration.Bold))));
        table.Caption(new TableTitle(Markup.Escape(Caption)));
        console.Write(table);
    }

    /// <summary>The table as lines of text.</summary>
    public static string Plain(AccuracyReport accuracy)
    {
        string[][] rows = [Header(accuracy), .. Rows(accuracy), Mean(accuracy)];
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
            text.AppendJoin("  ", row.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))).Append('\n');
        return text.Append(Caption).Append('\n').ToString();
    }

    const string Caption = "percent right, [95 % interval], right/asked";

    static string[] Header(AccuracyReport accuracy) =>
        [.. ((string[])["kind", "chance", .. accuracy.Models, .. Recovers(accuracy) ? ["recovered"] : (string[])[]]).Select(Printable.Line)];

    static IEnumerable<string[]> Rows(AccuracyReport accuracy) => accuracy.Rows.Select(row => (string[])
    [
        Printable.Line(row.Kind), Figures.Percent(row.Chance),
        .. row.Scores.Select(score => FormattableString.Invariant($"{Figure(Estimate.Of(score))} {score.Successes}/{score.Trials}")),
        .. Recovers(accuracy) ? [Figures.Recovered(accuracy.RecoveredOf(row))] : (string[])[],
    ]);

    static string[] Mean(AccuracyReport accuracy) =>
    [
        "mean", Figures.Percent(accuracy.Chance),
        .. accuracy.Models.Select((_, model) => Figure(accuracy.Mean(model))),
        .. Recovers(accuracy) ? [Figures.Recovered(accuracy.Recovered)] : (string[])[],
    ];

    static bool Recovers(AccuracyReport accuracy) => accuracy.Recovered is not null;

    static string Figure(Estimate estimate) => $"{Figures.Percent(estimate.Value)} [{Figures.Interval(estimate)}]";

    // Text, unlike a string, is never read as markup.
    static Text Cell(string text) => new(text);
}
