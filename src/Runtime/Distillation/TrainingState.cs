using System.Text.Json.Serialization;

namespace MmMamba.Runtime.Distillation;

/// <summary>
/// How far a run has come at the end of an optimizer step. With the trained tensors and AdamW's moments it is all that going on needs: the
/// learning rate follows from the step, the data from the number of its batches, and every draw is keyed by seed and place, so that no
/// generator has a state. No gradient is kept: what an interrupted step had gathered is computed again.
/// </summary>
sealed record TrainingState
{
    const double Smoothing = 0.05;

    /// <summary>The run's name (<see cref="StageNames"/>).</summary>
    public required string Stage { get; init; }

    /// <summary>Steps that are done, the skipped ones counted.</summary>
    public int Step { get; init; }

    /// <summary>Batches that are used up: number of the next one.</summary>
    public long Batches { get; init; }

    /// <summary>Steps of these whose loss or gradient was no finite number.</summary>
    public int Skipped { get; init; }

    /// <summary>How many of the last steps were skipped.</summary>
    public int SkippedInRow { get; init; }

    /// <summary>Loss before the first step that was not skipped; null before it.</summary>
    public double? FirstLoss { get; init; }

    /// <summary>Loss before the last one.</summary>
    public double? LastLoss { get; init; }

    /// <summary>The loss, smoothed over some twenty steps: by it the best state is told.</summary>
    public double? SmoothedLoss { get; init; }

    /// <summary>Tokens so far, padding not counted.</summary>
    public long Tokens { get; init; }

    /// <summary>Time that the steps took.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>What could not be read so far, each once.</summary>
    public IReadOnlyList<string> Unreadable { get; init; } = [];

    /// <summary>Number of this state among those written of the run, from 1.</summary>
    public int Number { get; init; }

    /// <summary>The state after a step that moved the tensors.</summary>
    internal TrainingState Taken(double loss) => this with
    {
        Step = Step + 1,
        SkippedInRow = 0,
        FirstLoss = FirstLoss ?? loss,
        LastLoss = loss,
        SmoothedLoss = SmoothedLoss + Smoothing * (loss - SmoothedLoss) ?? loss,
    };

    /// <summary>The state after a step that was skipped.</summary>
    internal TrainingState Passed() => this with { Step = Step + 1, Skipped = Skipped + 1, SkippedInRow = SkippedInRow + 1 };
}

/// <summary>States and options as JSON. A name that is missing or unknown is an error.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, UseStringEnumConverter = true)]
[JsonSerializable(typeof(TrainingState))]
[JsonSerializable(typeof(TrainingOptions))]
sealed partial class StateJson : JsonSerializerContext;
