using MmMamba.Runtime.Native;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Layers;

/// <summary>Root-mean-square normalisation: in float32, back to the input's type, then times the weight.</summary>
/// <param name="weight">(H).</param>
/// <param name="eps">Added to the mean square.</param>
public sealed class RmsNorm(Parameter weight, double eps)
{
    /// <summary>Scale of each channel (H).</summary>
    public Parameter Weight { get; } = weight;

    /// <param name="x">(..., H).</param>
    public Tensor Forward(Tensor x)
    {
        using var normed = Aten.RmsNorm(x, eps);
        return normed * Weight;
    }
}
