using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>
/// A trained mixer's pass as one node of libtorch's graph. It adds the gradients of the mixer's own parameters to them by itself, without a copy; libtorch is given the input's alone. A trained
/// parameter among its inputs tells that there are gradients at all. It can be gone back through once.
/// </summary>
sealed class MixerFunction : autograd.SingleTensorFunction<MixerFunction>
{
    const string Key = "pass", Wanted = "wanted";

    /// <inheritdoc/>
    public override string Name => nameof(MixerFunction);

    /// <summary>The pass, its input, and a trained parameter or null.</summary>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var (pass, u) = ((TrainedMixer.Pass)vars[0], (Tensor)vars[1]);
        var (y, kept) = pass.Forward(u, u.requires_grad);
        ctx.set_materialize_grads(false);
        ctx.save_data(Key, pass);
        ctx.save_data(Wanted, u.requires_grad);
        ctx.save_for_backward(pass.Mask is { } mask ? [u, .. kept, mask] : [u, .. kept]);
        return y;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => GivenGradients.Of([grad_output], 3, () =>
    {
        var pass = (TrainedMixer.Pass)ctx.get_data(Key);
        var kept = ctx.get_saved_variables();
        if (pass.Mask is not null) pass = pass with { Mask = kept[^1] };
        return [null, pass.Backward(grad_output, kept[0], (bool)ctx.get_data(Wanted), kept[1..]), null];
    });
}
