using MmMamba.Runtime.Layers;

namespace MmMamba.Runtime.Plans;

/// <summary>
/// What the engine runs: a model's layers, tensors, seeding and stages as plain immutable data, equal by value. Generated code
/// holds one as a literal; the tool makes one from a spec; a checkpoint carries one.
/// </summary>
public sealed record ModelPlan
{
    /// <summary>The model's name.</summary>
    public required string Name { get; init; }

    /// <summary>One sentence for readers.</summary>
    public required string Summary { get; init; }

    /// <summary>The model that this one is distilled from; null for a teacher.</summary>
    public string? Teacher { get; init; }

    /// <summary>Identity of the architecture: 16 hex digits, free of names and recipes.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Ids and chat template.</summary>
    public required TokenPlan Tokens { get; init; }

    /// <summary>Tiles, patches and normalisation.</summary>
    public required VisionPlan Vision { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>The layout of names on disk: <c>hovle</c> or <c>mmmamba</c>.</summary>
    public required string Checkpoint { get; init; }

    /// <summary>All layers, input side first.</summary>
    public required PlanList<LayerPlan> Layers { get; init; }

    /// <summary>All tensors in checkpoint order.</summary>
    public required PlanList<TensorPlan> Tensors { get; init; }

    /// <summary>Teacher tensors that nothing here comes from.</summary>
    public PlanList<string> DroppedFromTeacher { get; init; }

    /// <summary>Sum of the tensors' sizes.</summary>
    public required long ParameterCount { get; init; }

    /// <summary>The recipe; null for a model without a teacher.</summary>
    public DistillationPlan? Distillation { get; init; }

    /// <summary>The plan with other layers in its towers; what stands outside of them stays. Generated plans of families are written so.</summary>
    /// <param name="towers">A run for each tower, in order.</param>
    public ModelPlan WithTowers(params ReadOnlySpan<TowerRun> towers)
    {
        var (layers, tensors, at) = (new List<LayerPlan>(), new List<TensorPlan>(), -1);
        foreach (var tensor in Tensors)
        {
            if (tensor.Layer < 0) tensors.Add(tensor);
            // The first tensor of a tower stands for all of it.
            else if (at < 0 || Layers[tensor.Layer].Tower != layers[^1].Tower)
            {
                layers.AddRange(towers[++at].Layers);
                tensors.AddRange(towers[at].Tensors);
            }
        }
        return this with { Layers = layers.ToPlanList(), Tensors = tensors.ToPlanList() };
    }
}

/// <param name="Vocab">Rows of the embeddings and of the head.</param>
/// <param name="Image">Id whose embedding an image token replaces.</param>
/// <param name="Template">Chat template by name.</param>
/// <param name="System">System message; null is the template's own, empty leaves the system turn out.</param>
public sealed record TokenPlan(int Vocab, int Image, string Template, string? System);

/// <param name="Image">Side of a tile, pixels.</param>
/// <param name="Patch">Side of a patch, pixels.</param>
/// <param name="MaxTiles">Tiles that a picture may become, the thumbnail not counted.</param>
/// <param name="PixelShuffle">Scale of the side by which patches are merged into tokens; 0.5 merges 2x2.</param>
/// <param name="Projector">Name of the projector: <c>gelu_mlp</c>.</param>
/// <param name="Normalize">Name of the pixels' means and deviations: <c>imagenet</c>.</param>
public sealed record VisionPlan(int Image, int Patch, int MaxTiles, double PixelShuffle, string Projector, string Normalize)
{
    /// <summary>Visual tokens that one tile becomes.</summary>
    public int TokensPerTile { get { var side = (int)(Image / Patch * PixelShuffle); return side * side; } }
}

/// <param name="Index">Index over the model, 0 at the input.</param>
/// <param name="Tower"><c>embedding</c> or <c>decoder</c>.</param>
/// <param name="LocalIndex">Index in the tower.</param>
/// <param name="Mixer">What mixes tokens: attention or Mamba-2.</param>
/// <param name="NormEps">Epsilon of both RMSNorms.</param>
/// <param name="MlpHidden">Width inside SwiGLU.</param>
/// <param name="Source">File and line of the spec that placed the mixer, as <c>file:line</c>.</param>
public sealed record LayerPlan(int Index, string Tower, int LocalIndex, MixerPlan Mixer, double NormEps, int MlpHidden, string Source);

/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key and value heads.</param>
/// <param name="HeadDim">Width of a head.</param>
public abstract record MixerPlan(int Heads, int KvHeads, int HeadDim)
{
    /// <summary>Its word in specs and plans, such as <c>mamba2</c>.</summary>
    public string Word => MixerTypes.Of(this).Word;
}

/// <summary>Causal grouped-query attention with rotary positions.</summary>
/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key and value heads; query head j reads kv head j / (Heads / KvHeads).</param>
/// <param name="HeadDim">Width of a head.</param>
/// <param name="RopeTheta">Base of the wavelengths.</param>
/// <param name="MaxPositions">Positions up to which the rotary embedding is plain.</param>
/// <param name="DynamicFactor">Factor of dynamic NTK scaling past <paramref name="MaxPositions"/>; null keeps it plain.</param>
public sealed record AttentionPlan(int Heads, int KvHeads, int HeadDim, double RopeTheta, int MaxPositions, double? DynamicFactor)
    : MixerPlan(Heads, KvHeads, HeadDim);

/// <summary>The Mamba-2 mixer; state and value width are <paramref name="HeadDim"/> (paper, section 3).</summary>
/// <param name="Heads">Heads, as the attention's query heads.</param>
/// <param name="KvHeads">Heads of value and key, repeated to <paramref name="Heads"/> after the convolution.</param>
/// <param name="HeadDim">Width of a head and of its state's rows and columns.</param>
/// <param name="Conv">Taps of the causal depthwise convolution; 0 leaves it out.</param>
/// <param name="Chunk">Tokens a chunk of the scan.</param>
/// <param name="Gate">SiLU gate from the input.</param>
/// <param name="GateNorm">RMSNorm of each head's output, one weight for all heads.</param>
/// <param name="Decay">A is learned; otherwise it is -1.</param>
/// <param name="Skip">D times the value is added.</param>
/// <param name="QkNorm">LayerNorm on each head's query and key.</param>
/// <param name="NormEps">Epsilon of these norms.</param>
public sealed record Mamba2Plan(
    int Heads, int KvHeads, int HeadDim, int Conv, int Chunk, bool Gate, bool GateNorm, bool Decay, bool Skip, bool QkNorm, double NormEps)
    : MixerPlan(Heads, KvHeads, HeadDim);

/// <summary>What a tensor is for.</summary>
public enum TensorGroup
{
    /// <summary>Query projection of the mixer.</summary>
    Query,
    /// <summary>Key projection of the mixer.</summary>
    Key,
    /// <summary>Value projection of the mixer.</summary>
    Value,
    /// <summary>Output projection of attention or mixer.</summary>
    Output,
    /// <summary>Gate projection.</summary>
    Gate,
    /// <summary>Weight of the norm before the gate.</summary>
    GateNorm,
    /// <summary>Weight and bias of the convolution.</summary>
    Conv,
    /// <summary>Projection to dt.</summary>
    Dt,
    /// <summary>Bias of dt.</summary>
    DtBias,
    /// <summary>log(-A).</summary>
    Decay,
    /// <summary>D.</summary>
    Skip,
    /// <summary>LayerNorms of query and key.</summary>
    QkNorm,
    /// <summary>Fused projection of attention, grouped by kv head.</summary>
    Qkv,
    /// <summary>RMSNorm weights of the residual stream.</summary>
    Norm,
    /// <summary>SwiGLU weights.</summary>
    Mlp,
    /// <summary>Patch embedding and the class embedding.</summary>
    Patch,
    /// <summary>Learned positions of the patches.</summary>
    Position,
    /// <summary>Projector from merged patches.</summary>
    Projector,
    /// <summary>Token embeddings.</summary>
    Embedding,
    /// <summary>The head.</summary>
    Head,
}

/// <param name="Name">Name in the unfused checkpoint.</param>
/// <param name="Shape">Extents.</param>
/// <param name="Group">What it is for.</param>
/// <param name="Layer">Index of its layer, or -1.</param>
/// <param name="Origin">Where its first value comes from.</param>
public sealed record TensorPlan(string Name, PlanList<long> Shape, TensorGroup Group, int Layer, TensorOrigin Origin);

/// <summary>Where a tensor's first value comes from.</summary>
public abstract record TensorOrigin;

/// <summary>The teacher's tensor as it is.</summary>
/// <param name="From">The teacher's tensor.</param>
public sealed record Copied(string From) : TensorOrigin;

/// <summary>Rows of the teacher's tensor: of every block of <paramref name="Stride"/> rows, <paramref name="Rows"/> from <paramref name="First"/> on.</summary>
/// <param name="From">The teacher's tensor.</param>
/// <param name="First">First row in a block.</param>
/// <param name="Rows">Rows of a block.</param>
/// <param name="Stride">Rows from one block to the next.</param>
public sealed record Sliced(string From, int First, int Rows, int Stride) : TensorOrigin;

/// <summary>Values of a distribution, drawn by seed and tensor name.</summary>
/// <param name="Draw">The distribution.</param>
/// <param name="A">Its first number.</param>
/// <param name="B">Its second number.</param>
public sealed record Drawn(Draw Draw, double A, double B) : TensorOrigin;

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
