using MmMamba.Runtime.Data;

namespace MmMamba.Runtime.Evaluation;

/// <summary>An interval of 95 %.</summary>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
public readonly record struct Interval(double Low, double High)
{
    /// <summary>Whether a value lies inside, the ends counted.</summary>
    public bool Holds(double value) => Low <= value && value <= High;
}

/// <summary>
/// Percentile intervals (Efron, 1979) of anything that is computed from sums over a sample. What is drawn again is whole clusters, such as all questions
/// about one picture: they depend on each other. The draws are keyed by seed and number, so that they are the same on every machine; statistics of one
/// bootstrap come from the same draws, and differences between them are therefore paired.
/// </summary>
public sealed class Bootstrap
{
    // A statistic that has no value in more draws than these is too near to having none.
    const double MostUndefined = 0.01;

    readonly double[] _sums;
    readonly double[][] _drawn;
    readonly bool _single;

    /// <param name="clusters">The sums of each cluster, all as many; at least one cluster.</param>
    /// <param name="resamples">How often the sample is drawn again, at least 1.</param>
    /// <param name="seed">Keys the draws.</param>
    public Bootstrap(IReadOnlyList<double[]> clusters, int resamples = 2000, ulong seed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(clusters.Count, 1, nameof(clusters));
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 1);
        _single = clusters.Count == 1;
        _sums = new double[clusters[0].Length];
        foreach (var cluster in clusters) Add(_sums, cluster);
        _drawn = new double[resamples][];
        Parallel.For(0, resamples, number =>
        {
            var random = new DataRandom(seed, (ulong)number);
            var sums = new double[_sums.Length];
            for (var i = 0; i < clusters.Count; i++) Add(sums, clusters[random.Next(clusters.Count)]);
            _drawn[number] = sums;
        });
    }

    /// <summary>A statistic of the sample and its interval.</summary>
    /// <param name="statistic">Of the sums; not finite where it has no value.</param>
    /// <returns>The interval is null where there is one cluster only, or where the statistic often has no value.</returns>
    public (double Value, Interval? Interval) Of(Func<double[], double> statistic)
    {
        var value = statistic(_sums);
        if (_single || !double.IsFinite(value)) return (value, null);
        double[] drawn = [.. _drawn.Select(statistic).Where(double.IsFinite).Order()];
        return drawn.Length < (1 - MostUndefined) * _drawn.Length ? (value, null) : (value, new(Quantile(drawn, 0.025), Quantile(drawn, 0.975)));
    }

    /// <summary>The standard deviation of a statistic over the draws: its standard error, as far as the sample goes.</summary>
    /// <param name="statistic">Of the sums; not finite where it has no value.</param>
    /// <returns>Null where there is one cluster only, or where the statistic often has no value.</returns>
    public double? Deviation(Func<double[], double> statistic)
    {
        if (_single) return null;
        double[] drawn = [.. _drawn.Select(statistic).Where(double.IsFinite)];
        if (drawn.Length < Math.Max(2, (1 - MostUndefined) * _drawn.Length)) return null;
        var mean = drawn.Average();
        return Math.Sqrt(drawn.Sum(value => (value - mean) * (value - mean)) / (drawn.Length - 1));
    }

    static void Add(double[] sums, double[] more)
    {
        for (var i = 0; i < sums.Length; i++) sums[i] += more[i];
    }

    // Between the two values that the share falls between.
    static double Quantile(double[] sorted, double share)
    {
        var place = share * (sorted.Length - 1);
        var below = (int)place;
        return below + 1 == sorted.Length ? sorted[below] : sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]);
    }
}
