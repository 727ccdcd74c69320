namespace MmMamba.Runtime.Distillation;

/// <summary>When states are written and how many stay.</summary>
public sealed record StateOptions
{
    /// <summary>A state every so many steps, at least 1; null goes by time alone.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int? EverySteps { get; init => field = AtLeastOne(value); }

    /// <summary>A state when so much time has gone by since the last one; null goes by steps alone. It is looked at between steps.</summary>
    public TimeSpan? EveryTime { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Most states of a stage that stay, at least 1: the last, then the best, then those that <see cref="KeepEvery"/> chooses, then the newest others.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int Keep { get; init => field = AtLeastOne(value)!.Value; } = 3;

    /// <summary>Of the states in the order of their writing, every so many is kept before others, the newest first; null prefers none. These, and the best, stay when the run is done.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1.</exception>
    public int? KeepEvery { get; init => field = AtLeastOne(value); }

    /// <summary>The best state stays when the run is done, unless that is the last.</summary>
    public bool KeepBest { get; init; }

    static int? AtLeastOne(int? value, [System.Runtime.CompilerServices.CallerMemberName] string name = "") =>
        value is null or >= 1 ? value : throw new ArgumentOutOfRangeException(name, value, "expected at least 1");
}
