namespace MmMamba.Cli.Reports;

/// <summary>A stage's losses as an inline picture, with its learning rates in a strip below.</summary>
static class CurveChart
{
    const double Width = 440, Left = 52, Right = 14, Top = 10, LossHeight = 170, Gap = 26, RateHeight = 26, Foot = 24;
    const double RateTop = Top + LossHeight + Gap, Bottom = RateTop + RateHeight;

    public static Html Render(StageCurve stage)
    {
        if (CurveTrace.Of(stage) is not { } trace)
            return Html.Of($"<figure><figcaption>{stage.Name}</figcaption><p class=\"note\">No finite loss was recorded.</p></figure>");
        var (steps, loss) = (trace.StepAxis, trace.LossAxis);
        var rates = CurveScale.Linear(0, Math.Max(trace.Points.Max(point => point.LearningRate), 1e-30), 1);
        var band = trace.Points.Select(point => (X(point.Step), Y(point.High))).Concat(trace.Points.Reverse().Select(point => (X(point.Step), Y(point.Low))));
        var rate = trace.Points.Select(point => (X(point.Step), RateTop + RateHeight * (1 - point.LearningRate / rates.Ticks[^1].Value)));
        return Html.Of(
            $"""
            <figure>
            <figcaption>{trace.Name} <small>loss {Figures.Loss(trace.LastLoss)} after {trace.Steps} steps{(loss.IsLogarithmic ? ", logarithmic" : "")}</small></figcaption>
            <svg viewBox="0 0 {Width} {Bottom + Foot}" role="img" aria-label="Loss by step">
            {loss.Ticks.Select(tick => Html.Of($"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(tick.Value):0.#}\" y2=\"{Y(tick.Value):0.#}\"/><text class=\"end\" x=\"{Left - 8}\" y=\"{Y(tick.Value) + 4:0.#}\">{tick.Label}</text>\n"))}
            {steps.Ticks.Select(tick => Html.Of($"<line class=\"grid\" x1=\"{X(tick.Value):0.#}\" x2=\"{X(tick.Value):0.#}\" y1=\"{Bottom}\" y2=\"{Bottom + 4}\"/><text class=\"middle\" x=\"{X(tick.Value):0.#}\" y=\"{Bottom + 18}\">{tick.Label}</text>\n"))}
            <polygon class="band" points="{Points(band)}"/>
            <polyline class="line" points="{Points(trace.Points.Select(point => (X(point.Step), Y(point.Mean))))}"/>
            <line class="grid" x1="{Left}" x2="{Width - Right}" y1="{Bottom}" y2="{Bottom}"/>
            <polyline class="rate" points="{Points(rate)}"/>
            <text class="end" x="{Left - 8}" y="{RateTop + 4}">{rates.Ticks[^1].Label}</text>
            <text class="end" x="{Left - 8}" y="{Bottom + 4}">0</text>
            </svg>
            </figure>
            """);

        double X(double step) => Left + steps.At(step) * (Width - Left - Right);

        double Y(double value) => Top + (1 - loss.At(value)) * LossHeight;
    }

    static Html Points(IEnumerable<(double X, double Y)> points) => Html.Join(points.Select(point => Html.Of($"{point.X:0.#},{point.Y:0.#} ")));
}
