using MmMamba.Runtime.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>Products of one vector: a warp has a row at a time (<c>products.cu</c>). Each begins with the norm that its input needs and ends with the sum or SwiGLU.</summary>
/// <param name="multiprocessors">Of the device.</param>
sealed class VectorProducts(VisionLanguageModel model, DecodeKernels kernels, int multiprocessors) : StepProducts(model, kernels, 1, ScalarType.Float32)
{
    const int RowsOfBlock = Threads / 32;

    /// <inheritdoc/>
    public override void Begin(nint stream)
    {
        // Every norm is its product's.
    }

    /// <inheritdoc/>
    public override void Project(nint stream, DecoderLayer layer)
    {
        var matrices = ProjectedMatrices.Of(layer);
        Launch(stream, layer, "project", Blocks(matrices.Rows, 4), 0, KernelArgument.Of(matrices), matrices.Rows, Stream, layer.Norm.Weight, (float)layer.Plan.NormEps, Projected);
    }

    /// <inheritdoc/>
    public override void Output(nint stream, DecoderLayer layer, Tensor tokens, Tensor? conv)
    {
        var grid = Blocks(Model.Plan.HiddenSize, 2);
        if (conv is null) Launch(stream, layer, "attention_output", grid, 0, layer.Output, Mixed, Stream);
        else Launch(stream, layer, "ssm_output", grid, 0, layer.Output, Mixed, tokens, Projected, conv, Stream);
    }

    /// <inheritdoc/>
    public override void Mlp(nint stream, DecoderLayer layer)
    {
        var (gate, up, down) = layer.Mlp.Weights;
        Launch(stream, layer, "swiglu", Blocks(layer.Plan.MlpHidden, 4), 0, gate, up, Stream, layer.MlpNorm.Weight, (float)layer.Plan.NormEps, Inner);
        Launch(stream, layer, "mlp_output", Blocks(Model.Plan.HiddenSize, 2), 0, down, Inner, Stream);
    }

    /// <inheritdoc/>
    public override void Head(nint stream)
    {
        var vocab = Model.Plan.Tokens.Vocab;
        Launch(stream, Model.Layers[^1], "logits", Blocks(vocab, 4), 0, Model.Head, vocab, Stream, Model.Norm.Weight, (float)Model.Plan.Layers[^1].NormEps, Logits, Picked);
    }

    // More blocks than run at once would load their vector for nothing.
    (int X, int Y) Blocks(int rows, int ofMultiprocessor) => (Math.Min((rows + RowsOfBlock - 1) / RowsOfBlock, multiprocessors * ofMultiprocessor), 1);
}
