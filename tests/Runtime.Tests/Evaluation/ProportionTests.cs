using MmMamba.Runtime.Evaluation;

namespace MmMamba.Runtime.Tests.Evaluation;

public class ProportionTests
{
    // Values of the published formula, computed by hand with z = 1.96.
    [Theory]
    [InlineData(50, 100, 0.4038, 0.5962)]
    [InlineData(0, 10, 0.0, 0.2775)]
    [InlineData(10, 10, 0.7225, 1.0)]
    [InlineData(9, 10, 0.5958, 0.9821)]
    public void The_interval_is_Wilson_s(long successes, long trials, double low, double high)
    {
        var proportion = new Proportion(successes, trials);
        Assert.Equal(low, proportion.Low, 4);
        Assert.Equal(high, proportion.High, 4);
    }

    [Fact]
    public void Nothing_is_known_without_trials()
    {
        var proportion = new Proportion(0, 0);
        Assert.Equal((0.0, 0.0, 1.0), (proportion.Value, proportion.Low, proportion.High));
    }

    [Fact]
    public void Recovery_is_the_share_of_the_gap_and_void_without_one()
    {
        Assert.Equal(0.75, Recovery.Of(teacher: 0.9, seeded: 0.5, distilled: 0.8)!.Value, 12);
        Assert.Null(Recovery.Of(teacher: 0.5, seeded: 0.5, distilled: 0.8));
    }
}
