using MmMamba.Runtime.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Layers;

/// <summary>w2(SiLU(w1 x) * w3 x).</summary>
/// <param name="w1">(inner, H).</param>
/// <param name="w2">(H, inner).</param>
/// <param name="w3">(inner, H).</param>
public sealed class SwiGluMlp(Parameter w1, Parameter w2, Parameter w3)
{
    readonly FrozenMlp _frozen = new(w1, w2, w3);

    /// <summary>Its weights: gate (inner, H), up (inner, H), down (H, inner).</summary>
    internal (Parameter Gate, Parameter Up, Parameter Down) Weights => (w1, w3, w2);

    /// <param name="x">(..., H).</param>
    public Tensor Forward(Tensor x)
    {
        if (_frozen.Run(x) is { } y) return y;
        using var scope = NewDisposeScope();
        Tensor inner;
        using (var up = Work.Linear("mlp.w3", x, w3)) inner = SwiGlu.Run(Work.Linear("mlp.w1", x, w1), up);
        return Work.Linear("mlp.w2", inner, w2).MoveToOuterDisposeScope();
    }
}
