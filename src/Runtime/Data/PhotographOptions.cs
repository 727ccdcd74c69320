namespace MmMamba.Runtime.Data;

/// <summary>How photographs are read.</summary>
public sealed record PhotographOptions
{
    /// <summary>Decides which photographs are kept for the test where the files don't say.</summary>
    public ulong Seed { get; init; }

    /// <summary>Share of each class that is kept for the test where the files don't say; above 0, below 1.</summary>
    public double TestShare { get; init; } = 0.15;

    /// <summary>Side in pixels that larger photographs are scaled down to, 8 to 512.</summary>
    public int LargestSide { get; init; } = 64;
}
