using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Native;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Layers;

/// <summary>Root-mean-square normalisation: in float32, times the weight, rounded once to the weight's type.</summary>
/// <param name="weight">(H).</param>
/// <param name="eps">Added to the mean square.</param>
public sealed class RmsNorm(Parameter weight, double eps)
{
    /// <summary>Scale of each channel (H).</summary>
    public Parameter Weight { get; } = weight;

    /// <param name="x">(..., H).</param>
    /// <returns>(..., H) in the weight's type.</returns>
    public Tensor Forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return InPlace.Multiply(Aten.RmsNorm(x, eps), Weight).to(Weight.dtype).MoveToOuterDisposeScope();
    }
}
