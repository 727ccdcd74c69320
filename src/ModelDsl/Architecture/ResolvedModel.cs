using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>
/// What a spec means: every layer, every tensor with its origin, the stages with what they train. Back ends (generated code,
/// the run-time plan, the sheet) read this and nothing before it; none of them computes a number.
/// </summary>
/// <param name="Fingerprint">Identity of the architecture: 16 hex digits over layers and tensors, free of names, summaries and recipes.</param>
/// <param name="Tensors">Every tensor of the model in checkpoint order, named as in the unfused checkpoint.</param>
/// <param name="DroppedFromTeacher">Names of teacher tensors that no tensor of this model comes from.</param>
/// <param name="ParameterCount">Sum of the sizes of <paramref name="Tensors"/>.</param>
/// <param name="Distillation">The recipe; null for a model without a teacher.</param>
public sealed record ResolvedModel(
    string Name,
    string Summary,
    string? Extends,
    string File,
    string? Teacher,
    string Fingerprint,
    TokensSpec Tokens,
    VisionSpec Vision,
    int Hidden,
    string Checkpoint,
    SeedSpec? Seed,
    EquatableArray<ResolvedTower> Towers,
    EquatableArray<ResolvedLayer> Layers,
    EquatableArray<ResolvedTensor> Tensors,
    EquatableArray<string> DroppedFromTeacher,
    long ParameterCount,
    ResolvedDistillation? Distillation)
{
    /// <summary>What the model may cost at most; null where its spec says nothing.</summary>
    public BudgetSpec? Budget { get; init; }

    /// <summary>Figures that are published of the model, shown beside its own; null where there are none.</summary>
    public ReportedSpec? Reported { get; init; }

    /// <summary>Visual tokens that one tile becomes.</summary>
    public int TokensPerTile { get { var side = (int)(Vision.Image / Vision.Patch * Vision.PixelShuffle); return side * side; } }
}

/// <param name="First">Index over the model of the tower's first layer.</param>
public sealed record ResolvedTower(string Name, int First, int Layers);

/// <param name="Index">Index over the model, 0 at the input.</param>
/// <param name="LocalIndex">Index in the tower.</param>
/// <param name="Source">File name and line that placed this mixer, as <c>file:line</c>.</param>
public sealed record ResolvedLayer(int Index, string Tower, int LocalIndex, ResolvedMixer Mixer, decimal NormEps, int MlpHidden, string Source);

/// <param name="Name">Name in the unfused checkpoint.</param>
/// <param name="Layer">Index of the layer that it belongs to, or -1.</param>
public sealed record ResolvedTensor(string Name, EquatableArray<long> Shape, TensorGroup Group, int Layer, TensorOrigin Origin)
{
    public long Size { get { var size = 1L; foreach (var extent in Shape) size = checked(size * extent); return size; } }
}

/// <summary>Where a tensor's first value comes from.</summary>
public abstract record TensorOrigin;

/// <summary>The teacher's tensor as it is.</summary>
public sealed record Copied(string From) : TensorOrigin;

/// <summary>Rows of the teacher's tensor: of every block of <paramref name="Stride"/> rows those from <paramref name="First"/>, <paramref name="Rows"/> of them.</summary>
public sealed record Sliced(string From, int First, int Rows, int Stride) : TensorOrigin;

/// <summary>Values of a distribution, drawn by seed and tensor name.</summary>
public sealed record Drawn(Draw Draw, decimal A, decimal B) : TensorOrigin;

/// <summary>The distributions of <see cref="Drawn"/>, with the meaning of its A and B.</summary>
public enum Draw
{
    /// <summary>A everywhere.</summary>
    Constant,
    /// <summary>Uniform in [A, B].</summary>
    Uniform,
    /// <summary>Normal with mean A and deviation B.</summary>
    Normal,
    /// <summary>The logarithm of a uniform draw in [A, B].</summary>
    LogOfUniform,
    /// <summary>The value whose softplus is log-uniform in [A, B].</summary>
    InverseSoftplusOfLogUniform,
    /// <summary>A convolution that passes the current token: 1 at the last tap, 0 at the others.</summary>
    LastTap,
}

/// <summary>The recipe, with the form in which every layer is converted, which stages 1 and 2 train.</summary>
/// <param name="ConvertedFingerprint">Identity of the fully converted form: the same for all placements of one base.</param>
/// <param name="ConvertedLayers">Every layer as Mamba-2.</param>
/// <param name="ConvertedTensors">The mixer's tensors of every layer (projections, what the mixer introduced, and the output projection).</param>
public sealed record ResolvedDistillation(
    string ConvertedFingerprint,
    EquatableArray<ResolvedLayer> ConvertedLayers,
    EquatableArray<ResolvedTensor> ConvertedTensors,
    AdamWSpec Optimizer,
    decimal Clip,
    ScheduleSpec Schedule,
    EquatableArray<ResolvedStage> Stages,
    EquatableArray<StageKind> Run)
{
    /// <summary>The stage that a student leaves: the last one that is run; null where none is.</summary>
    public ResolvedStage? LastStage => Run.Count == 0 ? null : Stages.Single(stage => stage.Spec.Kind == Run[Run.Count - 1]);
}

/// <param name="TrainedCount">Parameters that the stage trains.</param>
/// <param name="TotalCount">Parameters of the model in that stage (fully converted for stages 1 and 2), of which it is a share.</param>
public sealed record ResolvedStage(StageSpec Spec, long TrainedCount, long TotalCount)
{
    /// <summary>Tensors that the stage trains.</summary>
    public int TrainedTensors { get; init; }

    /// <summary>Bytes of the gradients of one step.</summary>
    /// <param name="elementBytes">Bytes of an element: 2 for bfloat16, 4 for float32.</param>
    public long GradientBytes(int elementBytes) => checked(TrainedCount * elementBytes);

    /// <summary>Bytes that AdamW holds: two moments of every trained parameter, in its type, and a float32 count of steps for every trained tensor.</summary>
    /// <param name="elementBytes">Bytes of an element: 2 for bfloat16, 4 for float32.</param>
    public long OptimizerBytes(int elementBytes) => checked(2 * TrainedCount * elementBytes + sizeof(float) * TrainedTensors);

    /// <summary>The trained share in percent, to three places.</summary>
    public decimal Percent => Math.Round(100m * TrainedCount / TotalCount, 3, MidpointRounding.AwayFromZero);
}
