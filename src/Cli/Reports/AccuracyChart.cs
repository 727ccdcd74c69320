namespace MmMamba.Cli.Reports;

/// <summary>Accuracies as dots on a line from 0 to 100 %, with their intervals and a mark at chance: a row a kind.</summary>
static class AccuracyChart
{
    const double Width = 760, Left = 110, Right = 20, Top = 8, RowHeight = 44, Foot = 26;

    public static Html Render(AccuracyReport accuracy)
    {
        var bottom = Top + accuracy.Rows.Count * RowHeight;
        double[] grid = [0, 0.25, 0.5, 0.75, 1];
        return Html.Of(
            $"""
            <svg viewBox="0 0 {Width} {bottom + Foot}" role="img" aria-label="Accuracy of each model by kind of question">
            {grid.Select(share => Html.Of($"<line class=\"grid\" x1=\"{X(share):0.#}\" x2=\"{X(share):0.#}\" y1=\"{Top}\" y2=\"{bottom}\"/><text class=\"middle\" x=\"{X(share):0.#}\" y=\"{bottom + 18}\">{100 * share:0}{(share == 1 ? " %" : "")}</text>\n"))}
            {accuracy.Rows.Select((row, i) => Row(accuracy, row, Top + i * RowHeight))}
            </svg>
            """);
    }

    static Html Row(AccuracyReport accuracy, AccuracyRow row, double top)
    {
        var middle = top + RowHeight / 2;
        var gap = RowHeight / (row.Scores.Count + 1);
        var dots = row.Scores.Select((score, i) =>
        {
            var estimate = Estimate.Of(score);
            var y = top + gap * (i + 1);
            return Html.Of(
                $"<g class=\"{ReportHtml.Series(i)}\"><title>{row.Kind}, {accuracy.Models[i]}: {Figures.Percent(estimate.Value)} % ({Figures.Interval(estimate)})</title><line x1=\"{X(estimate.Low):0.#}\" x2=\"{X(estimate.High):0.#}\" y1=\"{y:0.#}\" y2=\"{y:0.#}\"/><circle cx=\"{X(estimate.Value):0.#}\" cy=\"{y:0.#}\" r=\"4.5\"/></g>\n");
        });
        return Html.Of(
            $"""
            <line class="grid" x1="0" x2="{Width - Right}" y1="{top + RowHeight:0.#}" y2="{top + RowHeight:0.#}"/>
            <text class="kind" x="0" y="{middle + 4:0.#}">{Shortened(row.Kind)}</text>
            <line class="chance" x1="{X(row.Chance):0.#}" x2="{X(row.Chance):0.#}" y1="{top + 5:0.#}" y2="{top + RowHeight - 5:0.#}"/>
            {dots}
            """);
    }

    static double X(double share) => Left + Math.Clamp(share, 0, 1) * (Width - Left - Right);

    static string Shortened(string name) => name.Length <= 15 ? name : name[..14] + "\u2026";
}
