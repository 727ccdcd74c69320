using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>
/// The loss of stages 1 and 2: the mean squared error between what a converted mixer and the teacher's attention put out before
/// the output projection, averaged over the layers, times a factor, in float32. The authors' code places it there and averages
/// over layers; their paper draws it after the projection and sums.
/// </summary>
/// <remarks>The gradient is written down instead of recorded: twice the error, times what the mean divides by.</remarks>
/// <param name="factor">The factor; the recipe's <c>mixer_mse</c>.</param>
/// <param name="layers">Layers that the mean is over.</param>
public sealed class MixerMse(double factor, int layers)
{
    /// <summary>One layer's share of the loss, and its gradient with respect to the prediction; the loss is the sum of the layers' shares.</summary>
    /// <param name="prediction">(B,T,heads*head_dim) of the mixer.</param>
    /// <param name="target">The same of the teacher's attention.</param>
    /// <param name="mask">The positions that count.</param>
    /// <returns>A float32 scalar, and (B,T,heads*head_dim) in the prediction's type, 0 at positions that don't count.</returns>
    public (Tensor Loss, Tensor Gradient) Evaluate(Tensor prediction, Tensor target, TokenMask mask)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var scale = factor / (layers * (double)mask.Count * prediction.shape[^1]);
        if (SquaredError.Of(prediction, target, mask.Column, scale) is var (sum, slope)) return (sum.MoveToOuterDisposeScope(), slope.MoveToOuterDisposeScope());
        // The difference of what two types hold is of the wider one.
        var error = prediction.to_type(ScalarType.Float32) - target;
        if (mask.Column is not null) error.mul_(mask.Column);
        var loss = error.Squared().sum().mul_(HeldNumber.Of(scale));
        var gradient = error.mul_(HeldNumber.Of(2 * scale)).to_type(prediction.dtype);
        return (loss.MoveToOuterDisposeScope(), gradient.MoveToOuterDisposeScope());
    }
}
