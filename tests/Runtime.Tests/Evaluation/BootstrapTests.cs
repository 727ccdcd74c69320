using MmMamba.Runtime.Evaluation;

namespace MmMamba.Runtime.Tests.Evaluation;

/// <summary>Intervals by resampling hold the truth as often as they say.</summary>
public sealed class BootstrapTests
{
    [Fact]
    public void The_sample_itself_gives_the_value_and_draws_the_interval()
    {
        var bootstrap = new Bootstrap([.. Enumerable.Range(1, 100).Select(i => new double[] { i, 1 })], resamples: 4000);
        var (mean, interval) = bootstrap.Of(sums => sums[0] / sums[1]);
        Assert.Equal(50.5, mean);
        // The mean's own error is 28.866 / 10; the interval is about 1.96 of it to either side.
        Assert.Equal(50.5 - 1.96 * 2.8866, interval!.Value.Low, 0.35);
        Assert.Equal(50.5 + 1.96 * 2.8866, interval.Value.High, 0.35);
    }

    [Fact]
    public void A_statistic_s_deviation_is_its_standard_error()
    {
        var bootstrap = new Bootstrap([.. Enumerable.Range(1, 100).Select(i => new double[] { i, 1, i == 1 ? 1 : 0 })], resamples: 4000);
        Assert.Equal(2.8866, bootstrap.Deviation(sums => sums[0] / sums[1])!.Value, 0.1);
        Assert.Equal(0, bootstrap.Deviation(sums => sums[1])!.Value);
        // No value in the draws without the first cluster, more than a third of them.
        Assert.Null(bootstrap.Deviation(sums => sums[0] / sums[2]));
        Assert.Null(new Bootstrap([[1, 1]]).Deviation(sums => sums[0]));
    }

    [Fact]
    public void The_same_seed_draws_the_same_and_another_seed_does_not()
    {
        double[][] clusters = [.. Enumerable.Range(0, 30).Select(i => new double[] { i % 7, 1 })];
        Assert.Equal(Of(3), Of(3));
        Assert.NotEqual(Of(3), Of(4));

        (double, Interval?) Of(ulong seed) => new Bootstrap(clusters, 200, seed).Of(sums => sums[0] / sums[1]);
    }

    [Fact]
    public void Differences_of_one_bootstrap_are_paired()
    {
        // Two models that err on the same hard pictures, one of them always a little more.
        double[][] clusters = [.. Enumerable.Range(0, 200).Select(i => new double[] { i % 10, i % 10 + 0.1, 1 })];
        var bootstrap = new Bootstrap(clusters);
        Assert.True(bootstrap.Of(sums => sums[0] / sums[2]).Interval!.Value is var own && own.High - own.Low > 0.5);
        var (difference, interval) = bootstrap.Of(sums => (sums[1] - sums[0]) / sums[2]);
        Assert.Equal(0.1, difference, 1e-9);
        Assert.Equal(0.1, interval!.Value.Low, 1e-9);
        Assert.Equal(0.1, interval.Value.High, 1e-9);
    }

    [Fact]
    public void Where_there_is_one_cluster_or_often_no_value_there_is_no_interval()
    {
        Assert.Equal((0.5, null), new Bootstrap([[1, 2]]).Of(sums => sums[0] / sums[1]));
        // In about a third of the draws the one cluster that counts is left out.
        var rare = new Bootstrap([[1, 1], .. Enumerable.Repeat(new double[] { 0, 0 }, 9)]);
        Assert.Equal((1, null), rare.Of(sums => sums[0] / sums[1]));
        Assert.Equal((double.NaN, null), rare.Of(sums => 0 / (sums[0] - sums[1])));
    }

    // A picture is hard or easy for all its questions: a beta-binomial of mean 1/2, four questions a picture.
    [Fact]
    public void Intervals_over_pictures_hold_the_truth_and_over_questions_do_not()
    {
        const int Runs = 400, Pictures = 80, Questions = 4;
        var random = new Random(17);
        var (byPicture, byQuestion) = (0, 0);
        for (var run = 0; run < Runs; run++)
        {
            var pictures = new List<double[]>();
            var questions = new List<double[]>();
            for (var picture = 0; picture < Pictures; picture++)
            {
                var easy = Math.Pow(Math.Sin(Math.PI / 2 * random.NextDouble()), 2); // Beta(1/2, 1/2)
                var right = Enumerable.Range(0, Questions).Select(_ => random.NextDouble() < easy ? 1.0 : 0).ToArray();
                pictures.Add([right.Sum(), Questions]);
                questions.AddRange(right.Select(one => new[] { one, 1.0 }));
            }
            if (Holds(pictures)) byPicture++;
            if (Holds(questions)) byQuestion++;

            bool Holds(List<double[]> clusters) => new Bootstrap(clusters, 300, (ulong)run).Of(sums => sums[0] / sums[1]).Interval!.Value.Holds(0.5);
        }
        // Of 400 runs at 95 % all but a few in ten thousand lie between 91 and 98 %.
        Assert.InRange((double)byPicture / Runs, 0.91, 0.985);
        Assert.InRange((double)byQuestion / Runs, 0, 0.85);
    }
}
