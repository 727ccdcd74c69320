namespace MmMamba.Cli.Reports;

/// <param name="Step">Middle of the steps that are taken together.</param>
/// <param name="Low">Their smallest loss.</param>
/// <param name="Mean">Their mean loss.</param>
/// <param name="High">Their largest loss.</param>
/// <param name="LearningRate">Their mean learning rate.</param>
/// <param name="GradientNorm">The mean norm of their gradients; no number where none is known.</param>
readonly record struct TracePoint(double Step, double Low, double Mean, double High, double LearningRate, double GradientNorm);

/// <summary>A stage's curve as it is drawn: neighbouring steps taken together, so that thousands of steps make a readable line.</summary>
sealed class CurveTrace
{
    const int MostPoints = 160;

    CurveTrace(string name, IReadOnlyList<TracePoint> points, double lastLoss, int steps)
    {
        (Name, Points, LastLoss, Steps) = (name, points, lastLoss, steps);
        StepAxis = CurveScale.ForSteps((int)Math.Floor(points[0].Step), (int)Math.Ceiling(points[^1].Step));
        LossAxis = CurveScale.ForLoss(points.Min(point => point.Low), points.Max(point => point.High));
    }

    public string Name { get; }
    public IReadOnlyList<TracePoint> Points { get; }
    public double LastLoss { get; }
    public int Steps { get; }
    public CurveScale StepAxis { get; }
    public CurveScale LossAxis { get; }

    /// <summary>The trace of a stage's finite losses; null if it has none.</summary>
    public static CurveTrace? Of(StageCurve stage)
    {
        var finite = stage.Points.Where(point => double.IsFinite(point.Loss) && double.IsFinite(point.LearningRate)).OrderBy(point => point.Step).ToArray();
        if (finite.Length == 0)
            return null;
        var size = (finite.Length + MostPoints - 1) / MostPoints;
        var points = finite.Chunk(size).Select(chunk => new TracePoint(
            chunk.Average(point => (double)point.Step),
            chunk.Min(point => point.Loss), chunk.Average(point => point.Loss), chunk.Max(point => point.Loss),
            chunk.Average(point => point.LearningRate),
            chunk.Select(point => point.GradientNorm).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average())).ToArray();
        return new(stage.Name, points, finite[^1].Loss, finite[^1].Step);
    }
}
