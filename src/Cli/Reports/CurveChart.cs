namespace MmMamba.Cli.Reports;

/// <summary>A stage's losses as an inline picture, with the norms of its gradients and its learning rates in strips below.</summary>
static class CurveChart
{
    const double Width = 440, Left = 52, Right = 14, Top = 10, LossHeight = 170, Gap = 26, StripHeight = 26, Foot = 24;
    const double NormTop = Top + LossHeight + Gap, RateTop = NormTop + StripHeight + Gap, Bottom = RateTop + StripHeight;

    public static Html Render(StageCurve stage)
    {
        if (CurveTrace.Of(stage) is not { } trace)
            return Html.Of($"<figure><figcaption>{stage.Name}</figcaption><p class=\"note\">No finite loss was recorded.</p></figure>");
        var (steps, loss) = (trace.StepAxis, trace.LossAxis);
        var band = trace.Points.Select(point => (X(point.Step), Y(point.High))).Concat(trace.Points.Reverse().Select(point => (X(point.Step), Y(point.Low))));
        return Html.Of(
            $"""
            <figure>
            <figcaption>{trace.Name} <small>loss {Figures.Loss(trace.LastLoss)} after {trace.Steps} steps{(loss.IsLogarithmic ? ", logarithmic" : "")}</small></figcaption>
            <svg viewBox="0 0 {Width} {Bottom + Foot}" role="img" aria-label="Loss, gradient norm and learning rate by step">
            {loss.Ticks.Select(tick => Html.Of($"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(tick.Value):0.#}\" y2=\"{Y(tick.Value):0.#}\"/><text class=\"end\" x=\"{Left - 8}\" y=\"{Y(tick.Value) + 4:0.#}\">{tick.Label}</text>\n"))}
            {steps.Ticks.Select(tick => Html.Of($"<line class=\"grid\" x1=\"{X(tick.Value):0.#}\" x2=\"{X(tick.Value):0.#}\" y1=\"{Bottom}\" y2=\"{Bottom + 4}\"/><text class=\"middle\" x=\"{X(tick.Value):0.#}\" y=\"{Bottom + 18}\">{tick.Label}</text>\n"))}
            <polygon class="band" points="{Points(band)}"/>
            <polyline class="line" points="{Points(trace.Points.Select(point => (X(point.Step), Y(point.Mean))))}"/>
            {Strip("norm", NormTop, point => point.GradientNorm)}
            {Strip("rate", RateTop, point => point.LearningRate)}
            </svg>
            </figure>
            """);

        // From zero to the greatest value; nothing where no step has a number.
        Html Strip(string name, double top, Func<TracePoint, double> value)
        {
            var points = trace.Points.Where(point => double.IsFinite(value(point))).ToArray();
            if (points.Length == 0) return Html.Empty;
            var scale = CurveScale.Linear(0, Math.Max(points.Max(value), 1e-30), 1);
            var bottom = top + StripHeight;
            return Html.Of(
                $"""
                <line class="grid" x1="{Left}" x2="{Width - Right}" y1="{bottom}" y2="{bottom}"/>
                <polyline class="{name}" points="{Points(points.Select(point => (X(point.Step), top + StripHeight * (1 - scale.At(value(point))))))}"/>
                <text class="end" x="{Left - 8}" y="{top + 4}">{scale.Ticks[^1].Label}</text>
                <text class="end" x="{Left - 8}" y="{bottom + 4}">0</text>
                <text class="end" x="{Width - Right}" y="{top - 8}">{name}</text>
                """);
        }

        double X(double step) => Left + steps.At(step) * (Width - Left - Right);

        double Y(double value) => Top + (1 - loss.At(value)) * LossHeight;
    }

    static Html Points(IEnumerable<(double X, double Y)> points) => Html.Join(points.Select(point => Html.Of($"{point.X:0.#},{point.Y:0.#} ")));
}
