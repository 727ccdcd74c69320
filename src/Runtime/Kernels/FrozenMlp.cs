using MmMamba.Runtime.Kernels.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>w2(SiLU(w1 x) * w3 x) with a gradient for x alone, as one step of libtorch's graph, which keeps gate and up and nothing else.</summary>
/// <param name="w1">(inner, H), frozen.</param>
/// <param name="w2">(H, inner), frozen.</param>
/// <param name="w3">(inner, H), frozen.</param>
sealed class FrozenMlp(Tensor w1, Tensor w2, Tensor w3)
{
    /// <param name="x">(..., H).</param>
    /// <returns>Null where no gradient is recorded, or a weight's is, or there are no kernels.</returns>
    public Tensor? Run(Tensor x)
    {
        if (!is_grad_enabled() || !x.requires_grad || SwiGlu.KernelsFor(x) is not { } kernels || w1.requires_grad || w2.requires_grad || w3.requires_grad) return null;
        if (w1.dtype != x.dtype || w2.dtype != x.dtype || w3.dtype != x.dtype) return null;
        GivenGradients.ThrowFailure();
        using var scope = NewDisposeScope();
        return Function.apply(new Pass(this, kernels), x).MoveToOuterDisposeScope();
    }

    (Tensor Y, Tensor Gate, Tensor Up) Forward(IKernelModule kernels, Tensor x)
    {
        var (gate, up) = (Work.Linear("mlp.w1", x, w1), Work.Linear("mlp.w3", x, w3));
        using var inner = empty_like(gate);
        SwiGlu.Forward(kernels, gate, up, inner);
        return (Work.Linear("mlp.w2", inner, w2), gate, up);
    }

    Tensor Back(IKernelModule kernels, Tensor given, Tensor gate, Tensor up)
    {
        using var scope = NewDisposeScope();
        var ofGate = given.reshape(-1, w2.shape[0]).mm(w2);
        var ofUp = SwiGlu.Back(kernels, gate, up, ofGate);
        return ofGate.mm(w1).addmm_(ofUp.view(ofGate.shape), w3, 1, 1).view(given.shape).MoveToOuterDisposeScope();
    }

    // The kernels are those that went forward, whatever thread goes back.
    sealed record Pass(FrozenMlp Mlp, IKernelModule Kernels);

    sealed class Function : autograd.SingleTensorFunction<Function>
    {
        public override string Name => nameof(FrozenMlp);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var pass = (Pass)vars[0];
            var (y, gate, up) = pass.Mlp.Forward(pass.Kernels, (Tensor)vars[1]);
            ctx.set_materialize_grads(false);
            ctx.save_data("pass", pass);
            ctx.save_for_backward([gate, up]);
            return y;
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => GivenGradients.Of([grad_output], 2, () =>
        {
            var (pass, kept) = ((Pass)ctx.get_data("pass"), ctx.get_saved_variables());
            return [null, pass.Mlp.Back(pass.Kernels, grad_output, kept[0], kept[1])];
        });
    }
}
