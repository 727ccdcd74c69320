namespace MmMamba.ModelDsl.Specs;

/// <summary>
/// A model as its spec says it, with everything that it extends merged in and its defaults applied. Immutable and equal by value.
/// </summary>
/// <param name="Name">The model, and the class that is generated for it.</param>
/// <param name="Summary">One sentence for readers; empty where the spec has none.</param>
/// <param name="Extends">The model whose spec this one overlays, if any.</param>
/// <param name="File">The spec's file name, without folders.</param>
/// <param name="Hidden">Width of the residual stream.</param>
/// <param name="Towers">The towers in order; layer indices run on through them.</param>
/// <param name="Layers">Which layers have which mixer.</param>
/// <param name="Teacher">The model that this one is distilled from, if any.</param>
/// <param name="Seed">How the tensors that the teacher lacks begin; null without a teacher.</param>
/// <param name="Distill">The recipe; null without a teacher.</param>
/// <param name="Checkpoint">The layout of tensor names on disk: <c>hovle</c> or <c>mmmamba</c>.</param>
public sealed record ModelSpec(
    string Name,
    string Summary,
    string? Extends,
    string File,
    TokensSpec Tokens,
    VisionSpec Vision,
    int Hidden,
    EquatableArray<TowerSpec> Towers,
    LayersSpec Layers,
    string? Teacher,
    SeedSpec? Seed,
    DistillSpec? Distill,
    string Checkpoint)
{
    /// <summary>What the model may cost at most, if its spec says.</summary>
    public BudgetSpec? Budget { get; init; }

    /// <summary>Figures that are published of the model, for comparison; null where the spec has none.</summary>
    public ReportedSpec? Reported { get; init; }
}

/// <param name="Source">Where they are published.</param>
/// <param name="Tokens">The length that they are reported for.</param>
/// <param name="MemoryGb">Memory, in the unit that the source calls GB.</param>
public sealed record ReportedSpec(string Source, int Tokens, decimal MemoryGb);

/// <param name="Vocab">Rows of the embeddings and of the head.</param>
/// <param name="Image">Id of the token whose embedding an image token replaces.</param>
/// <param name="Template">The chat template: <c>internlm2_chat</c>.</param>
/// <param name="System">The system message of the template; null is the template's own, empty leaves the system turn out.</param>
public sealed record TokensSpec(int Vocab, int Image, string Template, string? System);

/// <param name="Image">Side of a tile in pixels.</param>
/// <param name="Patch">Side of a patch in pixels.</param>
/// <param name="MaxTiles">Tiles that one picture may become, the thumbnail not counted.</param>
/// <param name="PixelShuffle">The side's scale by which patches are merged into tokens: 0.5 makes one token of 2x2 patches.</param>
/// <param name="Projector">The projector from merged patches to the hidden size: <c>gelu_mlp</c>.</param>
/// <param name="Normalize">Means and deviations of the pixels: <c>imagenet</c>.</param>
public sealed record VisionSpec(int Image, int Patch, int MaxTiles, decimal PixelShuffle, string Projector, string Normalize);

/// <summary>Consecutive layers under one name, with the settings that they share.</summary>
/// <param name="Shared">What a layer has unless it is overridden.</param>
public sealed record TowerSpec(string Name, int Layers, LayerSettings Shared)
{
    /// <summary>The layers whose settings are not those that the tower shares, ascending.</summary>
    public EquatableArray<LayerOverride> Overrides { get; init; } = [];

    /// <summary>What each layer has, in order.</summary>
    public IEnumerable<LayerSettings> Each()
    {
        var next = 0;
        for (var i = 0; i < Layers; i++)
            yield return next < Overrides.Count && Overrides[next].Layer == i ? Overrides[next++].Settings : Shared;
    }
}

/// <summary>How a student's new tensors begin (paper, Table 4).</summary>
public enum SeedKind
{
    /// <summary>Everything in the mixer but the output projection is drawn.</summary>
    Scratch,
    /// <summary>Query, key and value projections come from the teacher, the rest is drawn.</summary>
    Inherit,
    /// <summary>As <see cref="Inherit"/>, and the rest begins where the mixer mimics linear attention.</summary>
    Mimic,
}

/// <param name="DecayLog">log(-A) at a mimic start; the authors' 1.0 unless the spec says otherwise.</param>
public sealed record SeedSpec(SeedKind Kind, decimal DecayLog);

/// <summary>A recipe of distillation.</summary>
/// <param name="Run">The stages that are run, in order.</param>
public sealed record DistillSpec(AdamWSpec Optimizer, decimal Clip, ScheduleSpec Schedule, EquatableArray<StageSpec> Stages, EquatableArray<StageKind> Run);

public sealed record AdamWSpec(decimal Beta1, decimal Beta2, decimal Eps, decimal WeightDecay);

public enum ScheduleKind { Constant, Linear, Cosine, Wsd }

/// <param name="Warmup">Fraction of the steps, 0 to 1, over which the rate rises from 0.</param>
/// <param name="Decay">Fraction of the steps, 0 to 1, over which a WSD schedule falls to 0 at the end; 0 for the others.</param>
public sealed record ScheduleSpec(ScheduleKind Kind, decimal Warmup, decimal Decay);

public enum StageKind { Introduced, Mixer, EndToEnd }

public enum LossKind { MixerMse, LogitsKl }

/// <param name="Train">Groups that the stage trains, <c>ssm</c> already replaced by what it stands for, in the canonical order of <see cref="TensorGroup"/>.</param>
/// <param name="LossValue">The factor of <see cref="LossKind.MixerMse"/> or the temperature of <see cref="LossKind.LogitsKl"/>.</param>
/// <param name="LearningRate">The schedule's highest rate.</param>
/// <param name="Batch">Sequences an optimizer step.</param>
/// <param name="Steps">Optimizer steps.</param>
public sealed record StageSpec(StageKind Kind, EquatableArray<TensorGroup> Train, LossKind Loss, decimal LossValue, decimal LearningRate, int Batch, int Steps)
{
    /// <summary>Whether <see cref="LossKind.LogitsKl"/> is divided by the positions that count, and not by the sequences.</summary>
    public bool PerToken { get; init; }

    /// <summary>Weight in <see cref="LossKind.LogitsKl"/>, 0 to 1, of the positions that predict no token of an answer.</summary>
    public decimal PromptWeight { get; init; } = 1;

    /// <summary>Whether padding counts in the loss.</summary>
    public bool PaddingCounts { get; init; }
}
