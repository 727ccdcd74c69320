namespace MmMamba.Runtime.Distillation;

/// <summary>What is known after an optimizer step.</summary>
/// <param name="Stage">The run's name (<see cref="StageNames"/>).</param>
/// <param name="Step">The step that was just taken, counted from 1.</param>
/// <param name="Steps">Steps of the run.</param>
/// <param name="Loss">Loss before the step.</param>
/// <param name="LearningRate">Rate of the step.</param>
/// <param name="GradientNorm">Norm of the gradient before clipping.</param>
/// <param name="Tokens">Tokens of this step, padding not counted.</param>
/// <param name="TokensPerSecond">Tokens a second over the last steps.</param>
/// <param name="Elapsed">Time since the run's beginning.</param>
/// <param name="Remaining">Estimate of the time that is left.</param>
public readonly record struct StepReport(
    string Stage, int Step, int Steps, double Loss, double LearningRate, double GradientNorm,
    long Tokens, double TokensPerSecond, TimeSpan Elapsed, TimeSpan Remaining)
{
    /// <summary>The loss or the gradient was no finite number: nothing was moved.</summary>
    public bool Skipped { get; init; }

    /// <summary>Steps so far that were skipped.</summary>
    public int SkippedSteps { get; init; }

    /// <summary>Conversations so far that could not be read; others stood in for them.</summary>
    public int Unreadable { get; init; }
}

/// <summary>What a run leaves behind for its record.</summary>
/// <param name="Steps">Steps that were taken.</param>
/// <param name="FirstLoss">Loss before the first step that was not skipped.</param>
/// <param name="LastLoss">Loss before the last one.</param>
/// <param name="Tokens">Tokens of all steps, padding not counted.</param>
/// <param name="Elapsed">Time it took, without what lay between an interruption and going on.</param>
public sealed record TrainingSummary(int Steps, double FirstLoss, double LastLoss, long Tokens, TimeSpan Elapsed)
{
    /// <summary>Steps of these whose loss or gradient was no finite number: nothing was moved.</summary>
    public int SkippedSteps { get; init; }

    /// <summary>What could not be read, a sentence each; other conversations stood in.</summary>
    public IReadOnlyList<string> Unreadable { get; init; } = [];
}
