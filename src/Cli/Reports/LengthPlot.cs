using MmMamba.Cli.Benchmarks;

namespace MmMamba.Cli.Reports;

/// <summary>A figure against the length of the prompt, a line a model, as an SVG that stands alone.</summary>
static class LengthPlot
{
    const double Width = 640, Height = 400, Left = 70, Right = 20, Top = 64, Bottom = 52, GiB = 1L << 30;
    static readonly string[] Colours = ["#3b4d61", "#b07a1e", "#0b7a6f", "#8a4f9e", "#a8321f", "#62666b"];

    /// <summary>The picture as text.</summary>
    public static string Render(BenchDocument document)
    {
        var batches = document.Models.SelectMany(model => model.Rows).Select(row => row.Batch).Distinct().Count();
        var lines = document.Models.SelectMany(model => model.Rows.GroupBy(row => row.Batch).Select(rows => (
            Model: batches == 1 ? model.Model : FormattableString.Invariant($"{model.Model}, {rows.Key} at once"), Points: Points(rows)))).Where(line => line.Points.Length > 0).ToArray();
        var points = lines.SelectMany(line => line.Points).ToArray();
        var lengths = CurveScale.ForSteps(points.Min(point => point.Length), points.Max(point => point.Length));
        var values = CurveScale.Linear(0, points.Max(point => point.High));
        return Html.Of(
            $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" role="img" aria-label="{Title(document)}" font-family="system-ui, sans-serif" font-size="12" fill="#62666b">
            <rect width="{Width}" height="{Height}" fill="#ffffff"/>
            <text x="{Left}" y="22" font-size="14" fill="#1d1f21">{Title(document)}</text>
            {lines.Select((line, i) => Html.Of($"<text x=\"{Left + i * (Width - Left - Right) / lines.Length:0.#}\" y=\"44\" fill=\"{Colours[i % Colours.Length]}\">{line.Model}</text>\n"))}
            {values.Ticks.Select(tick => Html.Of($"<line stroke=\"#e1e1db\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(tick.Value):0.#}\" y2=\"{Y(tick.Value):0.#}\"/><text text-anchor=\"end\" x=\"{Left - 8}\" y=\"{Y(tick.Value) + 4:0.#}\">{tick.Label}</text>\n"))}
            {lengths.Ticks.Select(tick => Html.Of($"<text text-anchor=\"middle\" x=\"{X(tick.Value):0.#}\" y=\"{Height - Bottom + 18}\">{tick.Label}</text>\n"))}
            <text text-anchor="middle" x="{(Left + Width - Right) / 2}" y="{Height - 12}">tokens</text>
            {lines.Select((line, i) => Line(line.Points, Colours[i % Colours.Length]))}
            </svg>

            """).ToString();

        Html Line(Point[] line, string colour) => Html.Of(
            $"""
            <polyline fill="none" stroke="{colour}" stroke-width="2" points="{Html.Join(line.Select(point => Html.Of($"{X(point.Length):0.#},{Y(point.Value):0.#} ")))}"/>
            {line.Select(point => Html.Of($"<line stroke=\"{colour}\" x1=\"{X(point.Length):0.#}\" x2=\"{X(point.Length):0.#}\" y1=\"{Y(point.Low):0.#}\" y2=\"{Y(point.High):0.#}\"/><circle fill=\"{colour}\" r=\"3\" cx=\"{X(point.Length):0.#}\" cy=\"{Y(point.Value):0.#}\"/>\n"))}
            """);

        double X(double length) => Left + lengths.At(length) * (Width - Left - Right);

        double Y(double value) => Top + (1 - values.At(value)) * (Height - Top - Bottom);
    }

    /// <summary>Whether there is anything to draw.</summary>
    public static bool Shows(BenchDocument document) => document.Models.Any(model => Points(model.Rows).Length > 0);

    readonly record struct Point(int Length, double Low, double Value, double High);

    static Point[] Points(IEnumerable<BenchRow> rows) => [.. rows.OrderBy(row => row.Length).SelectMany(row => (Point[])(row switch
    {
        { MedianMs: { } median } => [new(row.Length, row.Ms.Min(), median, row.Ms.Max())],
        { Memory.Peak: { } peak } => [new(row.Length, peak / GiB, peak / GiB, peak / GiB)],
        _ => [],
    }))];

    static string Title(BenchDocument document) => document.Kind switch
    {
        BenchKind.Decode => "Time of one more token, ms",
        BenchKind.Prefill => "Time to the first token, ms",
        BenchKind.Answer => FormattableString.Invariant($"Time of prompt and {document.Tokens} tokens, ms"),
        _ => "Peak memory, GiB",
    };
}
