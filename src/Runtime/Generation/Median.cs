namespace MmMamba.Runtime.Generation;

/// <summary>The middle one of timed runs, which one that was disturbed does not move.</summary>
public static class Median
{
    /// <summary>The middle value; of an even number the mean of the two in the middle.</summary>
    /// <param name="values">At least one, in any order.</param>
    public static double Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
