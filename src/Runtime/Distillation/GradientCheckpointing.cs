using MmMamba.Runtime.Kernels.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>
/// A run through layers that keeps the stream before each of them and nothing else (Chen et al., 2016): backwards, every layer is run
/// again, and one layer's graph exists at a time. Loss and gradients are those of a run that keeps everything, for one more forward pass.
/// </summary>
/// <param name="model">The model; its trained tensors lie in layers.</param>
/// <param name="first">The first layer that is run; nothing before it is trained.</param>
/// <param name="input">What the model reads.</param>
sealed class GradientCheckpointing(VisionLanguageModel model, int first, ModelInput input)
{
    readonly Stack<Tensor> _streams = [];

    /// <summary>The model's normed features (B, T, H), without a graph.</summary>
    /// <param name="stream">What enters the first layer (B, T, H).</param>
    public Tensor Forward(Tensor stream)
    {
        _streams.Push(stream);
        for (var layer = first; layer < model.Plan.Layers.Count; layer++)
        {
            var at = layer;
            _streams.Push(Once(x => Run(at, x), _streams.Peek()));
        }
        return Once(model.Normed, _streams.Peek());
    }

    /// <summary>Adds the gradients of the trained tensors, given the features' (B, T, H).</summary>
    public void Backward(Tensor gradient)
    {
        gradient = Through(model.Normed, _streams.Pop(), gradient, wanted: true);
        for (var layer = model.Plan.Layers.Count - 1; layer >= first; layer--)
        {
            var at = layer;
            gradient = Through(x => Run(at, x), _streams.Pop(), gradient, wanted: layer > first);
        }
    }

    Tensor Run(int layer, Tensor stream) => model.Run(input, null, null, null, layer, layer + 1, stream);

    // Recorded as it will be when it is run again: what computes without gradients may round otherwise.
    static Tensor Once(Func<Tensor, Tensor> step, Tensor stream)
    {
        using var scope = NewDisposeScope();
        using var recording = enable_grad();
        return step(stream).detach().MoveToOuterDisposeScope();
    }

    // The gradient at a step's end, taken to its beginning if that is wanted. The stream is not needed afterwards.
    static Tensor Through(Func<Tensor, Tensor> step, Tensor stream, Tensor gradient, bool wanted)
    {
        using var scope = NewDisposeScope();
        using var recording = enable_grad();
        var start = stream.detach().requires_grad_(wanted);
        var end = step(start);
        if (end.requires_grad) GivenGradients.From(end, gradient);
        stream.Dispose();
        gradient.Dispose();
        return wanted ? start.grad!.MoveToOuterDisposeScope() : start.MoveToOuterDisposeScope();
    }
}
