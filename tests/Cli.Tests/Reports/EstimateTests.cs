using CsCheck;
using MmMamba.Cli.Reports;
using MmMamba.Runtime.Evaluation;

namespace MmMamba.Cli.Tests.Reports;

public class EstimateTests
{
    // Newcombe (1998), table I, method 3: the intervals that he gives as examples.
    [Theory]
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    [InlineData(0, 20, 0.0000, 0.1611)]
    [InlineData(1, 29, 0.0061, 0.1718)]
    public void A_proportions_interval_is_Wilsons(int right, int asked, double low, double high)
    {
        var estimate = Estimate.Of(new(right, asked));
        Assert.Equal(low, estimate.Low, 4);
        Assert.Equal(high, estimate.High, 4);
    }

    [Fact]
    public void The_mean_of_one_is_that_one() =>
        Assert.Equal(Estimate.Of(new(37, 50)), Estimate.MeanOf([new(37, 50)]));

    [Fact]
    public void The_interval_of_a_mean_of_equals_shrinks_with_the_root_of_their_number()
    {
        var one = Estimate.Of(new(30, 50));
        var four = Estimate.MeanOf([.. Enumerable.Repeat(new Proportion(30, 50), 4)]);
        Assert.Equal(0.6, four.Value, 12);
        Assert.Equal((one.High - one.Low) / 2, four.High - four.Low, 12);
    }

    [Fact]
    public void A_mean_lies_in_its_interval() =>
        Gen.Select(Gen.Int[0, 30], Gen.Int[1, 30]).Select((right, more) => new Proportion(right, right + more - 1 + (right == 0 ? 1 : 0))).Array[1, 6].Sample(parts =>
        {
            var mean = Estimate.MeanOf(parts);
            return 0 <= mean.Low && mean.Low <= mean.Value && mean.Value <= mean.High && mean.High <= 1;
        });

    [Fact]
    public void Without_questions_nothing_is_known() => Assert.Equal(new Estimate(0, 0, 1), Estimate.MeanOf([]));
}
