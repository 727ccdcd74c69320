using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>
/// Products of several vectors, on tensor cores where weights are bfloat16 (<c>batch.cu</c>). What an output matrix gives is summed in parts, which a kernel of its own adds
/// to the stream, and norms that for the next product.
/// </summary>
sealed class BatchProducts : StepProducts
{
    readonly BatchShape _shape;
    readonly int _multiprocessors;
    readonly Tensor _normed, _parts;

    /// <param name="shape">How they are cut.</param>
    /// <param name="multiprocessors">Of the device.</param>
    public BatchProducts(VisionLanguageModel model, DecodeKernels kernels, BatchShape shape, int multiprocessors) : base(model, kernels, shape.Sequences, model.Dtype)
    {
        (_shape, _multiprocessors) = (shape, multiprocessors);
        _normed = Buffer(model.Dtype, model.Plan.HiddenSize);
        // (splits, sequences, H)
        _parts = Buffer(ScalarType.Float32, (long)model.Plan.HiddenSize * model.Plan.Layers.Max(layer => Math.Max(shape.Splits(layer.MlpHidden), shape.Splits(Width(layer)))));
    }

    static int Width(LayerPlan layer) => layer.Mixer.Heads * layer.Mixer.HeadDim;

    /// <inheritdoc/>
    public override void Begin(nint stream) => Join(stream, Model.Layers[0], 0, Model.Layers[0].Norm.Weight, Model.Plan.Layers[0].NormEps);

    /// <inheritdoc/>
    public override void Project(nint stream, DecoderLayer layer)
    {
        var matrices = ProjectedMatrices.Of(layer);
        Multiply(stream, layer, "batch_project", matrices.Rows, Model.Plan.HiddenSize, 1, false, KernelArgument.Of(matrices), matrices.Rows, _normed, Sequences, Projected);
    }

    /// <inheritdoc/>
    public override void Output(nint stream, DecoderLayer layer, Tensor tokens, Tensor? conv)
    {
        var width = Width(layer.Plan);
        var splits = _shape.Splits(width);
        if (conv is null) Multiply(stream, layer, "batch_attention_output", Model.Plan.HiddenSize, width, splits, false, layer.Output, Mixed, Sequences, _parts);
        else Multiply(stream, layer, "batch_ssm_output", Model.Plan.HiddenSize, width, splits, false, layer.Output, Mixed, Sequences, _parts, tokens, Projected, conv);
        Join(stream, layer, splits, layer.MlpNorm.Weight, layer.Plan.NormEps);
    }

    /// <inheritdoc/>
    public override void Mlp(nint stream, DecoderLayer layer)
    {
        var (gate, up, down) = layer.Mlp.Weights;
        var (hidden, inner) = (Model.Plan.HiddenSize, layer.Plan.MlpHidden);
        Multiply(stream, layer, "batch_swiglu", inner, hidden, 1, true, gate, up, _normed, Sequences, Inner);
        Multiply(stream, layer, "batch_mlp_output", hidden, inner, _shape.Splits(inner), false, down, Inner, Sequences, _parts);
        var next = layer.Plan.Index + 1;
        if (next < Model.Layers.Count) Join(stream, layer, _shape.Splits(inner), Model.Layers[next].Norm.Weight, Model.Plan.Layers[next].NormEps);
        else Join(stream, layer, _shape.Splits(inner), Model.Norm.Weight, layer.Plan.NormEps);
    }

    /// <inheritdoc/>
    public override void Head(nint stream) => Multiply(
        stream, Model.Layers[^1], "batch_logits", Model.Plan.Tokens.Vocab, Model.Plan.HiddenSize, 1, false, Model.Head, Model.Plan.Tokens.Vocab, _normed, Sequences, Logits, Picked);

    void Join(nint stream, DecoderLayer layer, int splits, Parameter norm, double eps) =>
        Launch(stream, layer, "join", (Sequences, 1), 0, Stream, _parts, splits, norm, (float)eps, _normed);

    void Multiply(nint stream, DecoderLayer layer, string kernel, int rows, int columns, int splits, bool two, params ReadOnlySpan<KernelArgument> arguments) =>
        Launch(stream, layer, kernel, _shape.Grid(rows, columns, splits, _multiprocessors, two), _shape.SharedBytes(columns, splits, two), arguments);
}
