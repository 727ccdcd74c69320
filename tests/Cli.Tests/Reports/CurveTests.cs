using CsCheck;
using MmMamba.Cli.Reports;
using MmMamba.Runtime.Distillation;
using SkiaSharp;

namespace MmMamba.Cli.Tests.Reports;

public class CurveTests
{
    static string Labels(CurveScale scale) => string.Join(' ', scale.Ticks.Select(tick => tick.Label));

    [Theory]
    [InlineData(0.1, 2.3, "0 0.5 1 1.5 2 2.5")]
    [InlineData(1.0, 1.0, "0.4 0.6 0.8 1 1.2 1.4 1.6")]
    [InlineData(0.0, 0.0, "-1 -0.5 0 0.5 1")]
    [InlineData(-3, 4, "-3 -2 -1 0 1 2 3 4")]
    public void Linear_axes_have_round_marks(double low, double high, string labels) => Assert.Equal(labels, Labels(CurveScale.Linear(low, high)));

    [Theory]
    [InlineData(0.1, 3, "0.1 0.2 0.5 1 2")]
    [InlineData(1e-6, 10, "1e-6 1e-5 1e-4 0.001 0.01 0.1 1 10")]
    public void Losses_over_a_wide_range_get_a_logarithmic_axis(double low, double high, string labels)
    {
        Assert.True(CurveScale.ForLoss(low, high).IsLogarithmic);
        Assert.Equal(labels, Labels(CurveScale.ForLoss(low, high)));
    }

    [Fact]
    public void Losses_that_reach_zero_get_a_linear_axis() => Assert.False(CurveScale.ForLoss(0, 100).IsLogarithmic);

    [Fact]
    public void Values_inside_an_axis_map_to_its_inside_in_order() =>
        Gen.Select(Gen.Double[-1e6, 1e6], Gen.Double[0, 1e6], Gen.Double[0, 1], Gen.Double[0, 1]).Sample((low, range, a, b) =>
        {
            var scale = CurveScale.ForLoss(low, low + range);
            var (x, y) = (scale.At(low + range * Math.Min(a, b)), scale.At(low + range * Math.Max(a, b)));
            // Of a short range far from zero a double keeps few digits: what its last one is worth on the axis.
            var slack = 1e-9 + (range > 0 ? 4 * (Math.BitIncrement(Math.Abs(low) + range) - (Math.Abs(low) + range)) / range : 0);
            return x >= -slack && y <= 1 + slack && x <= y;
        });

    [Fact]
    public void A_trace_keeps_the_extremes_and_the_mean_of_many_steps()
    {
        var trace = CurveTrace.Of(new("s", [.. Enumerable.Range(1, 5000).Select(step => new CurvePoint(step, step % 7, 1e-3))]))!;
        Assert.InRange(trace.Points.Count, 100, 160);
        Assert.All(trace.Points, point => Assert.Equal((0.0, 6.0), (point.Low, point.High)));
        Assert.InRange(trace.Points.Average(point => point.Mean), 2.9, 3.1);
    }

    [Fact]
    public void Losses_that_are_no_numbers_are_left_out()
    {
        Assert.Null(CurveTrace.Of(new("s", [new(1, double.NaN, 0), new(2, double.PositiveInfinity, 0)])));
        Assert.Equal(2, CurveTrace.Of(new("s", [new(1, double.NaN, 0), new(2, 3, 0), new(3, 2, 0)]))!.Points.Count);
    }

    [Fact]
    public void The_picture_shows_a_line_and_labels_for_every_stage()
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid()}.png");
        try
        {
            CurvePicture.Write(path, [.. Example.Report.Stages, new("none", [])]);
            using var picture = SKBitmap.Decode(path);
            Assert.Equal((960, 4 * 340), (picture.Width, picture.Height));
            for (var panel = 0; panel < 4; panel++)
            {
                var pixels = Enumerable.Range(panel * 340, 340).SelectMany(y => Enumerable.Range(0, 960).Select(x => picture.GetPixel(x, y))).ToArray();
                Assert.Contains(new SKColor(0x1D, 0x1F, 0x21), pixels);
                Assert.Equal(panel < 3, pixels.Contains(new SKColor(0x0B, 0x7A, 0x6F)));
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_picture_of_nothing_is_refused() => Assert.Throws<ArgumentException>(() => CurvePicture.Write("x.png", []));

    [Fact]
    public void Stages_are_made_of_the_steps_that_were_reported()
    {
        StepReport Step(string stage, int step, double loss) => new(stage, step, 2, loss, 1e-3, 1, 100, 10, TimeSpan.Zero, TimeSpan.Zero);
        var stages = StageCurve.Of([Step("b", 1, 4), Step("b", 2, 3), Step("a", 1, 2)]);
        Assert.Equal(["b", "a"], stages.Select(stage => stage.Name));
        Assert.Equal([new(1, 4, 1e-3, 1), new CurvePoint(2, 3, 1e-3, 1)], stages[0].Points);
    }
}
