using System.Globalization;
using MmMamba.Runtime.Checkpoints;

namespace MmMamba.Cli.Reports;

/// <summary>A run as one self-contained page: styles and pictures inside, nothing loaded, readable in light and in dark.</summary>
static class ReportHtml
{
    /// <summary>Writes the page.</summary>
    public static void Write(string path, RunReport report) => CheckpointFolder.WriteText(path, Render(report));

    /// <summary>The page as text.</summary>
    public static string Render(RunReport report) => Html.Of(
        $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <meta name="color-scheme" content="light dark">
        <title>{report.Title}</title>
        <style>{Html.Literal(ReportStyle.Css)}</style>
        </head>
        <body>
        <main>
        <header>
        <h1>{report.Title}</h1>
        {(report.Summary.Length == 0 ? Html.Empty : Html.Of($"<p class=\"summary\">{report.Summary}</p>"))}
        </header>
        {Warning(report.Void)}
        {Accuracy(report.Accuracy)}
        {Stages(report.Stages)}
        {Text("The model", report.Sheet)}
        {Text("How its tensors began", report.Transfer)}
        {ChainTable.Render(report.Chain)}
        <section>
        <h2>How it was made</h2>
        <pre class="command"><code>{report.CommandLine}</code></pre>
        <dl>{report.Facts.Select(fact => Html.Of($"<div><dt>{fact.Name}</dt><dd>{fact.Value}</dd></div>\n"))}</dl>
        </section>
        </main>
        </body>
        </html>

        """).ToString();

    static Html Warning(IReadOnlyList<string> reasons) => reasons.Count == 0 ? Html.Empty : Html.Of(
        $"""
        <section class="warning">
        <h2>This comparison is void</h2>
        <ul>{reasons.Select(reason => Html.Of($"<li>{reason}</li>"))}</ul>
        </section>
        """);

    static Html Accuracy(AccuracyReport? accuracy)
    {
        if (accuracy is null || accuracy.Rows.Count == 0)
            return Html.Empty;
        var recovers = accuracy.Recovered is not null;
        var means = accuracy.Models.Select((name, model) => (Name: name, Mean: accuracy.Mean(model))).ToArray();
        return Html.Of(
            $"""
            <section>
            <div class="tiles">
            {(recovers ? Tile("recovered", Figures.Percent(accuracy.Recovered!.Value), "of teacher − seeded", "lead") : Html.Empty)}
            {means.Select((model, i) => Tile(model.Name, Figures.Percent(model.Mean.Value), $"95 %: {Figures.Interval(model.Mean)}", Series(i)))}
            {Tile("chance", Figures.Percent(accuracy.Chance), "what guessing gives", "chance")}
            </div>
            <h2>Accuracy by kind of question</h2>
            <figure>
            <figcaption class="legend">{accuracy.Models.Select((name, i) => Html.Of($"<span class=\"{Series(i)}\"><i></i>{name}</span>"))}<span class="chance"><i></i>chance</span></figcaption>
            {AccuracyChart.Render(accuracy)}
            </figure>
            <div class="scroll">
            <table>
            <thead><tr><th>kind</th><th class="number">chance</th>{accuracy.Models.Select(name => Html.Of($"<th class=\"number\">{name}</th>"))}{(recovers ? Html.Literal("<th class=\"number\">recovered</th>") : Html.Empty)}</tr></thead>
            <tbody>
            {accuracy.Rows.Select(row => Html.Of($"<tr><th scope=\"row\">{row.Kind}</th><td class=\"number\">{Figures.Percent(row.Chance)}</td>{row.Scores.Select(score => Cell(Estimate.Of(score), Html.Of($"{score.Successes} of {score.Trials}")))}{(recovers ? Html.Of($"<td class=\"number\">{Figures.Recovered(accuracy.RecoveredOf(row))}</td>") : Html.Empty)}</tr>\n"))}
            </tbody>
            <tfoot><tr><th scope="row">mean</th><td class="number">{Figures.Percent(accuracy.Chance)}</td>{means.Select(model => Cell(model.Mean, Html.Literal("over kinds")))}{(recovers ? Html.Of($"<td class=\"number\">{Figures.Recovered(accuracy.Recovered)}</td>") : Html.Empty)}</tr></tfoot>
            </table>
            </div>
            <p class="note">Percent right. Below each figure its 95 % interval (Wilson) and the answers it counts. Recovered: (distilled − seeded) / (teacher − seeded).</p>
            </section>
            """);
    }

    static Html Tile(string name, string value, string below, string style) => Html.Of(
        $"<div class=\"tile {style}\"><span class=\"name\">{name}</span><span class=\"value\">{value}<small>%</small></span><span class=\"below\">{below}</span></div>\n");

    static Html Cell(Estimate estimate, Html counts) => Html.Of(
        $"<td class=\"number\">{Figures.Percent(estimate.Value)}<small>{Figures.Interval(estimate)}</small><small>{counts}</small></td>");

    static Html Stages(IReadOnlyList<StageCurve> stages) => stages.Count == 0 ? Html.Empty : Html.Of(
        $"""
        <section>
        <h2>Training</h2>
        <div class="curves">
        {stages.Select(CurveChart.Render)}
        </div>
        <p class="note">Line: mean loss of neighbouring steps; band: their smallest and largest. The strips below are the norm of the gradient before clipping and the learning rate.</p>
        </section>
        """);

    static Html Text(string title, string text) => text.Length == 0 ? Html.Empty : Html.Of(
        $"""
        <section>
        <h2>{title}</h2>
        <pre class="scroll">{text}</pre>
        </section>
        """);

    /// <summary>The class of a model's colour.</summary>
    internal static string Series(int model) => string.Create(CultureInfo.InvariantCulture, $"series{model % 4}");
}
