using System.Text;
using Spectre.Console;

namespace MmMamba.Cli.Reports;

/// <summary>Accuracies on the screen: a table in a terminal, plain aligned columns elsewhere.</summary>
static class ReportTable
{
    /// <summary>Writes the table to a console: each figure on a line, on lines of its own where that is too wide, and a line a model where that is.</summary>
    public static void Write(IAnsiConsole console, AccuracyReport accuracy)
    {
        if (!console.Profile.Out.IsTerminal)
        {
            console.Profile.Out.Writer.Write(Plain(accuracy));
            return;
        }
        string[][] rows = [Header(accuracy), .. Rows(accuracy), Mean(accuracy)];
        string[][] stacked = [.. rows.Select((row, i) => i == 0 ? row : [.. row.Select((cell, column) => column == 0 ? cell : cell.Replace(" [", "\n[", StringComparison.Ordinal).Replace("] ", "]\n", StringComparison.Ordinal))])];
        if (WidthOf(rows) <= console.Profile.Width) console.Write(Bordered(rows));
        else if (WidthOf(stacked) <= console.Profile.Width) console.Write(Bordered(stacked));
        else console.Profile.Out.Writer.Write(Listed(rows));
    }

    static Table Bordered(string[][] rows)
    {
        var table = new Table().Border(TableBorder.Rounded).BorderColor(Color.Grey);
        foreach (var (header, i) in rows[0].Select((header, i) => (header, i)))
            table.AddColumn(new TableColumn(new Text(header)) { Alignment = i == 0 ? Justify.Left : Justify.Right, NoWrap = true });
        // Text, unlike a string, is never read as markup.
        foreach (var row in rows[1..^1]) table.AddRow(row.Select(cell => new Text(cell)));
        table.AddEmptyRow();
        table.AddRow(rows[^1].Select(cell => new Text(cell, new Style(decoration: Decoration.Bold))));
        return table.Caption(new TableTitle(Markup.Escape(Caption)));
    }

    // A border on the left, and after each column its padding and a border.
    static int WidthOf(string[][] rows) =>
        1 + Enumerable.Range(0, rows[0].Length).Sum(column => 3 + rows.Max(row => row[column].Split('\n').Max(line => line.Length)));

    static string Listed(string[][] rows)
    {
        var (text, width) = (new StringBuilder(), rows[0].Skip(1).Max(name => name.Length));
        foreach (var row in rows[1..])
        {
            text.Append(row[0]).Append('\n');
            foreach (var (name, cell) in rows[0].Zip(row).Skip(1)) text.Append("  ").Append(name.PadRight(width)).Append("  ").Append(cell).Append('\n');
        }
        return text.Append(Caption).Append('\n').ToString();
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
}
