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
    readonly AddNorm _fused = new(weight, eps);

    /// <summary>Scale of each channel (H).</summary>
    public Parameter Weight { get; } = weight;

    /// <param name="x">(..., H).</param>
    /// <returns>(..., H) in the weight's type.</returns>
    public Tensor Forward(Tensor x)
    {
        if (_fused.Run(x, null, over: false) is var (_, normed)) return normed;
        using var scope = NewDisposeScope();
        return InPlace.Multiply(Aten.RmsNorm(x, eps), Weight).to(Weight.dtype).MoveToOuterDisposeScope();
    }

    /// <summary><see cref="Forward"/> of a sum, and the sum.</summary>
    /// <param name="x">The residual stream (..., H).</param>
    /// <param name="added">What is added to it.</param>
    /// <param name="over">Whether the sum may be written over x where no gradient is recorded.</param>
    /// <param name="last">Whether nobody asks for the sum; it may be x then.</param>
    internal (Tensor Sum, Tensor Normed) Add(Tensor x, Tensor added, bool over, bool last = false)
    {
        if (_fused.Run(x, added, over, last) is { } both) return both;
        var sum = over ? InPlace.Add(x, added) : x.Plus(added);
        return (sum, Forward(sum));
    }
}
