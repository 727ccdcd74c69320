using System.Globalization;
using System.Text;
using MmMamba.Cli.Jobs;
using MmMamba.Runtime.Evaluation;

namespace MmMamba.Cli.Reports;

/// <summary>An evaluation's figures beside its accuracies, as aligned columns of text.</summary>
static class EvalTables
{
    const string Verdict = "inconclusive";

    /// <summary>How closely the models follow the teacher, and how they answer yes; a column a model.</summary>
    public static string Figures(EvalOutcome outcome)
    {
        var columns = outcome.Models.Select(model => outcome.Figures.Of(model.Answers).Where(Shown).ToArray()).ToArray();
        var missing = columns.SelectMany(column => column).Where(figure => figure.Missing is not null).ToArray();
        var rows = Enumerable.Range(0, columns[0].Length).Where(row => columns.Any(column => column[row].Value is not null)).Select(row => (string[])
            [Label(columns[0][row].Kind, columns[0][row].Name), .. columns.Select(column => column[row].Value is { } value ? Cell(column[row].Name, value, column[row].Interval) : "\u2013")]);
        var text = new StringBuilder(Aligned([["", .. outcome.Models.Select(model => model.Answers.Name)], .. rows]));
        foreach (var reason in missing.GroupBy(figure => (figure.Model, figure.Missing)))
            text.Append(Printable.Line($"{reason.Key.Model}: left out, for {reason.Key.Missing}: {string.Join("; ", reason.Select(figure => Label(figure.Kind, figure.Name)))}")).Append('\n');
        return text.ToString();
    }

    /// <summary>Each later model less the first, paired by picture.</summary>
    public static string Differences(EvalOutcome outcome)
    {
        var first = outcome.Models[0].Answers.Name;
        var text = new StringBuilder();
        foreach (var model in outcome.Differences.GroupBy(difference => difference.Second))
            text.Append(Aligned(
            [
                [$"{model.Key} less {first}, paired by picture", "difference", ""],
                .. model.Where(difference => difference.Name is FigureNames.Accuracy || Shown(difference.Kind, difference.Name)).Select(difference => (string[])
                [
                    difference.Name == FigureNames.Accuracy ? $"right, {(difference.Kind.Length == 0 ? "mean over kinds" : difference.Kind)}" : Label(difference.Kind, difference.Name),
                    Cell(difference.Name, difference.Value, difference.Interval, signed: true), difference.Conclusive ? "" : Verdict,
                ]),
            ]));
        return text.ToString();
    }

    static bool Shown(EvaluationFigure figure) => Shown(figure.Kind, figure.Name);

    // The rest is in the JSON.
    static bool Shown(string kind, string name) => kind.Length == 0 ? name != FigureNames.Accuracy : name is FigureNames.YesF1 or FigureNames.YesPrecision or FigureNames.YesRecall;

    static string Label(string kind, string name) => (name switch
    {
        FigureNames.OfTeacher => "of the teacher above chance, %",
        FigureNames.YesPrecision => "precision of yes, %",
        FigureNames.YesRecall => "recall of yes, %",
        FigureNames.YesF1 => "F1 of yes, %",
        FigureNames.Agreement => "same token as the teacher, %",
        FigureNames.Kl => "KL to the teacher, nats a token",
        FigureNames.KlClosed => "KL closed from the seeded linear model, %",
        FigureNames.KlClosedOfOwn => "KL closed from its own seeds, %",
        _ => name,
    }) + (kind.Length == 0 ? "" : $", {kind}");

    static string Cell(string name, double value, Interval? interval, bool signed = false)
    {
        string Number(double number) => name == FigureNames.Kl
            ? number.ToString(signed ? "+0.0000;-0.0000;0.0000" : "0.0000", CultureInfo.InvariantCulture)
            : (100 * number).ToString(signed ? "+0.0;-0.0;0.0" : "0.0", CultureInfo.InvariantCulture);
        return interval is { } ends ? $"{Number(value)} [{Number(ends.Low)}, {Number(ends.High)}]" : $"{Number(value)} [no interval]";
    }

    static string Aligned(IReadOnlyList<string[]> rows)
    {
        var shown = rows.Select(row => row.Select(Printable.Line).ToArray()).ToArray();
        var widths = Enumerable.Range(0, shown[0].Length).Select(column => shown.Max(row => row[column].Length)).ToArray();
        var text = new StringBuilder("\n");
        foreach (var row in shown)
            text.Append(string.Join("  ", row.Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))).TrimEnd()).Append('\n');
        return text.ToString();
    }
}
