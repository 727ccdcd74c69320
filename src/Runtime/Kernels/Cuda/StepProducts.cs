using MmMamba.Runtime.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>
/// The products of a step's vectors with the model's weights, with what stands right before and behind them: norms, SwiGLU, sums. A step begins with the tokens'
/// embeddings in <see cref="Stream"/>.
/// </summary>
abstract class StepProducts : IDisposable
{
    /// <summary>Threads of a block.</summary>
    protected const int Threads = 256;

    readonly DecodeKernels _kernels;
    readonly List<Tensor> _buffers = [];

    /// <param name="model">Whose weights.</param>
    /// <param name="kernels">Of its layers.</param>
    /// <param name="sequences">Vectors.</param>
    /// <param name="activations">Type of what is multiplied.</param>
    protected StepProducts(VisionLanguageModel model, DecodeKernels kernels, int sequences, ScalarType activations)
    {
        (Model, _kernels, Sequences) = (model, kernels, sequences);
        Stream = Buffer(ScalarType.Float32, model.Plan.HiddenSize);
        Projected = Buffer(ScalarType.Float32, model.Layers.Max(layer => ProjectedMatrices.Of(layer).Rows));
        Mixed = Buffer(activations, model.Plan.Layers.Max(layer => layer.Mixer.Heads * layer.Mixer.HeadDim));
        Inner = Buffer(activations, model.Plan.Layers.Max(layer => layer.MlpHidden));
        Logits = Buffer(ScalarType.Float32, model.Plan.Tokens.Vocab);
        Picked = Buffer(ScalarType.Int64, 1);
    }

    /// <summary>Whose weights.</summary>
    protected VisionLanguageModel Model { get; }

    /// <summary>Vectors.</summary>
    protected int Sequences { get; }

    /// <summary>The residual stream (sequences, H), float32.</summary>
    public Tensor Stream { get; }

    /// <summary>A mixer's projections (sequences, rows), float32, rows of the layer at hand.</summary>
    public Tensor Projected { get; }

    /// <summary>What a mixer gives (sequences, heads * head dim of the layer at hand).</summary>
    public Tensor Mixed { get; }

    /// <summary>An MLP's inner activations (sequences, its width).</summary>
    protected Tensor Inner { get; }

    /// <summary>Logits (sequences, vocab), float32.</summary>
    public Tensor Logits { get; }

    /// <summary>The rank of each sequence's greatest logit (sequences, 1), whose lower half is its id's complement.</summary>
    public Tensor Picked { get; }

    /// <summary>What comes before the first layer.</summary>
    public abstract void Begin(nint stream);

    /// <summary>The norm before a layer's mixer, and its projections.</summary>
    public abstract void Project(nint stream, DecoderLayer layer);

    /// <summary>The sum with the mixer's output; of Mamba-2 the states of the convolution move on behind it.</summary>
    /// <param name="tokens">What each sequence reads, int64.</param>
    /// <param name="conv">The convolution's state; null in attention layers.</param>
    public abstract void Output(nint stream, DecoderLayer layer, Tensor tokens, Tensor? conv);

    /// <summary>The norm before a layer's MLP, the MLP, and the sum with what it gives.</summary>
    public abstract void Mlp(nint stream, DecoderLayer layer);

    /// <summary>The norm after the last layer, logits and picks.</summary>
    public abstract void Head(nint stream);

    /// <summary>Launches a kernel of a layer's.</summary>
    protected void Launch(nint stream, DecoderLayer layer, string kernel, (int X, int Y) grid, int sharedBytes, params ReadOnlySpan<KernelArgument> arguments) =>
        _kernels[layer.Plan].Launch(stream, kernel, grid, Threads, sharedBytes, arguments);

    /// <summary>Zeros (sequences, size).</summary>
    protected Tensor Buffer(ScalarType type, long size)
    {
        var buffer = zeros([Sequences, size], type, Model.Device).DetachFromDisposeScope();
        _buffers.Add(buffer);
        return buffer;
    }

    /// <summary>Frees the buffers.</summary>
    public void Dispose()
    {
        foreach (var buffer in _buffers) buffer.Dispose();
    }
}
