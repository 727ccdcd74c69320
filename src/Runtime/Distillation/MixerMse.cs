using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>
/// The loss of stages 1 and 2: the mean squared error between what a converted mixer and the teacher's attention put out before
/// the output projection, averaged over the layers, times a factor, in float32. The authors' code places it there and averages
/// over layers; their paper draws it after the projection and sums.
/// </summary>
/// <param name="factor">The factor; the recipe's <c>mixer_mse</c>.</param>
/// <param name="layers">Layers that the mean is over.</param>
public sealed class MixerMse(double factor, int layers)
{
    /// <summary>One layer's share of the loss, a float32 scalar; the loss is the sum of the layers' shares.</summary>
    /// <param name="prediction">(B,T,heads*head_dim) of the mixer.</param>
    /// <param name="target">The same of the teacher's attention.</param>
    /// <param name="mask">The positions that count.</param>
    public Tensor Share(Tensor prediction, Tensor target, TokenMask mask)
    {
        var error = prediction.to_type(ScalarType.Float32) - target.to_type(ScalarType.Float32);
        if (mask.Column is not null) error = error * mask.Column;
        return error.square().sum() * (factor / (layers * (double)mask.Count * prediction.shape[^1]));
    }
}
