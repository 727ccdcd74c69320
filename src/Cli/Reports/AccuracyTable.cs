using System.Globalization;
using MmMamba.Runtime.Evaluation;
using Spectre.Console;

namespace MmMamba.Cli.Reports;

/// <summary>One model's answers by kind of question, on the screen.</summary>
static class AccuracyTable
{
    public static void Print(string model, EvaluationResult result)
    {
        var table = new Table().Border(TableBorder.Simple)
            .AddColumn(new TableColumn(new Text("kind"))).AddColumn(new TableColumn(new Text(model)).RightAligned())
            .AddColumn(new TableColumn(new Text("95 % interval")).RightAligned()).AddColumn(new TableColumn(new Text("chance")).RightAligned())
            .AddColumn(new TableColumn(new Text("questions")).RightAligned());
        foreach (var kind in result.Kinds)
            table.AddRow(
                new Text(kind.Kind), new Text(Percent(kind.Accuracy.Value)), new Text($"{Percent(kind.Accuracy.Low)} - {Percent(kind.Accuracy.High)}"),
                new Text(Percent(kind.Chance)), new Text(kind.Accuracy.Trials.ToString(CultureInfo.InvariantCulture)));
        table.AddRow(new Text("mean"), new Text(Percent(result.Average)), new Text(""), new Text(Percent(result.Chance)), new Text(result.Turns.ToString(CultureInfo.InvariantCulture)));
        AnsiConsole.Write(table);
    }

    static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);
}
