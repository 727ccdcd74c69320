namespace MmMamba.Runtime.Plans;

/// <summary>A recipe of distillation (paper, section 3.3), with the fully converted form that its first two stages train.</summary>
public sealed record DistillationPlan
{
    /// <summary>Identity of the fully converted form: the same for all placements of one base.</summary>
    public required string ConvertedFingerprint { get; init; }

    /// <summary>Every layer as Mamba-2.</summary>
    public required PlanList<LayerPlan> ConvertedLayers { get; init; }

    /// <summary>The mixer's tensors of every layer: projections, what the mixer introduced, output projection.</summary>
    public required PlanList<TensorPlan> ConvertedTensors { get; init; }

    /// <summary>AdamW's constants.</summary>
    public required AdamWPlan Optimizer { get; init; }

    /// <summary>The gradient's greatest norm.</summary>
    public required double Clip { get; init; }

    /// <summary>The schedule of the learning rate, the same in every stage.</summary>
    public required SchedulePlan Schedule { get; init; }

    /// <summary>The stages that are declared, in order.</summary>
    public required PlanList<StagePlan> Stages { get; init; }

    /// <summary>The stages that are run, in order.</summary>
    public required PlanList<StageKind> Run { get; init; }
}

/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Eps">Added to the root of the second moment.</param>
/// <param name="WeightDecay">Decoupled decay; tensors whose name holds "bias" have none.</param>
public sealed record AdamWPlan(double Beta1, double Beta2, double Eps, double WeightDecay);

/// <summary>Shapes of the learning rate over a stage.</summary>
public enum ScheduleKind
{
    /// <summary>The highest rate after the warm-up.</summary>
    Constant,
    /// <summary>Falls linearly to 0 at the end.</summary>
    Linear,
    /// <summary>Falls as half a cosine to 0 at the end.</summary>
    Cosine,
    /// <summary>Warm-up, stable, then half a cosine to 0.</summary>
    Wsd,
}

/// <param name="Kind">The shape.</param>
/// <param name="Warmup">Share of the steps, 0 to 1, over which the rate rises linearly from 0.</param>
/// <param name="Decay">Share of the steps, 0 to 1, over which WSD falls at the end; 0 for the others.</param>
public sealed record SchedulePlan(ScheduleKind Kind, double Warmup, double Decay);

/// <summary>The stages (paper, section 3.3).</summary>
public enum StageKind
{
    /// <summary>Stage 1: what the mixer introduced, against each layer's attention output.</summary>
    Introduced,
    /// <summary>Stage 2: the whole mixer, against the same.</summary>
    Mixer,
    /// <summary>Stage 3: the student end to end, against the teacher's distribution.</summary>
    EndToEnd,
}

/// <summary>Losses of a stage.</summary>
public enum LossKind
{
    /// <summary>Mean squared error of the mixers' outputs before the output projection, times the value.</summary>
    MixerMse,
    /// <summary>KL from the teacher's to the student's distribution at a temperature, the value.</summary>
    LogitsKl,
}

/// <param name="Kind">Which stage.</param>
/// <param name="Train">Groups that it trains.</param>
/// <param name="Loss">Its loss.</param>
/// <param name="LossValue">Factor or temperature.</param>
/// <param name="LearningRate">Highest rate.</param>
/// <param name="Batch">Sequences a step.</param>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="TrainedCount">Parameters that it trains.</param>
/// <param name="TotalCount">Parameters of the model in this stage.</param>
public sealed record StagePlan(
    StageKind Kind, PlanList<TensorGroup> Train, LossKind Loss, double LossValue, double LearningRate, int Batch, int Steps,
    long TrainedCount, long TotalCount)
{
    /// <summary>Whether <see cref="LossKind.LogitsKl"/> is divided by the positions that count, and not by the sequences.</summary>
    public bool PerToken { get; init; }

    /// <summary>Weight in <see cref="LossKind.LogitsKl"/>, 0 to 1, of the positions that predict no token of an answer.</summary>
    public double PromptWeight { get; init; } = 1;

    /// <summary>Whether padding counts in the loss.</summary>
    public bool PaddingCounts { get; init; }
}
