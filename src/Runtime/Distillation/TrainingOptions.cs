using MmMamba.Runtime.Plans;

namespace MmMamba.Runtime.Distillation;

/// <summary>What one training run is told: how long, how fast, on what, from which seed.</summary>
public sealed record TrainingOptions
{
    /// <summary>Optimizer steps, at least 1.</summary>
    public required int Steps { get; init; }

    /// <summary>Sequences an optimizer step; the source of the batches makes them of this size.</summary>
    public required int Batch { get; init; }

    /// <summary>Highest learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Shape of the learning rate.</summary>
    public required SchedulePlan Schedule { get; init; }

    /// <summary>AdamW's constants.</summary>
    public required AdamWPlan Optimizer { get; init; }

    /// <summary>The gradient's greatest norm over all trained tensors; infinity never clips.</summary>
    public required double Clip { get; init; }

    /// <summary>Most sequences that go forward and backward at a time, at least 1; gradients add up to the batch's. Null takes the whole batch.</summary>
    public int? MicroBatch { get; init; }

    /// <summary>
    /// Most tokens that go forward and backward at a time, padding counted where there is any, at least 1: sequences of like length stand together. One that is longer than this
    /// stands alone. Null sets no bound.
    /// </summary>
    public int? MicroBatchTokens { get; init; }

    /// <summary>Put what goes forward and backward at a time into one row without padding (<see cref="Runtime.Packing"/>). Losses and gradients stay what they are.</summary>
    public bool Packing { get; init; }

    /// <summary>A step whose loss or gradient is no finite number is skipped; this many in a row end the run. At least 1.</summary>
    public int MostSkippedInRow { get; init; } = 5;

    /// <summary>Conversations that cannot be read, of a source that passes them by (<see cref="Data.BatchOptions.PassUnreadable"/>): more than these end the run.</summary>
    public int MostUnreadable { get; init; }

    /// <summary>Keys every draw of the run: seeded tensors here and, where <see cref="DataSeed"/> says nothing else, the order of the data at its source.</summary>
    public ulong Seed { get; init; }

    /// <summary>Keys the order of the data, where that is not <see cref="Seed"/>: runs of several seeds that share a teacher's pass share their data.</summary>
    public ulong? DataSeed { get; init; }

    /// <summary>What the data is, for the record in the artefact: a file name, a builder and its seed.</summary>
    public string Data { get; init; } = "";

    /// <summary>Leave padding out of the losses. The authors' own stages 1 and 2 counted it.</summary>
    public bool MaskPadding { get; init; } = true;

    /// <summary>Divide the KL of the end-to-end stage by the positions that count instead of by the sequences.</summary>
    public bool KlPerToken { get; init; }

    /// <summary>
    /// Weight in the KL of the end-to-end stage, 0 to 1, of the positions that predict no token of an answer; those that do weigh 1. The paper weighs all alike;
    /// 0 learns from answers alone, and makes logits for them only.
    /// </summary>
    public double PromptWeight { get; init; } = 1;

    /// <summary>In the end-to-end stage, keep the streams between layers only and run every layer again for its gradients: less memory, one more forward pass.</summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary>The options of a declared stage.</summary>
    /// <exception cref="InputException">The recipe has no such stage.</exception>
    public static TrainingOptions Of(DistillationPlan recipe, StageKind kind)
    {
        var stage = recipe.StageOf(kind);
        return new TrainingOptions
        {
            Steps = stage.Steps,
            Batch = stage.Batch,
            LearningRate = stage.LearningRate,
            Schedule = recipe.Schedule,
            Optimizer = recipe.Optimizer,
            Clip = recipe.Clip,
            MaskPadding = !stage.PaddingCounts,
            KlPerToken = stage.PerToken,
            PromptWeight = stage.PromptWeight,
        };
    }
}
