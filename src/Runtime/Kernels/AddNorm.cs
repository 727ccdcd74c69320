using MmMamba.Runtime.Kernels.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>The residual stream's additions and norms, both in one kernel, and so are their gradients. The norm's weight is frozen.</summary>
sealed class AddNorm
{
    // So many numbers of a row does a lane keep in registers.
    const int MostOfLane = 64, MostWarps = 32;

    readonly Tensor _weight;
    readonly float _eps;
    readonly int _rowsOfBlock, _threads;
    readonly PointwiseKernels? _kernels;

    /// <param name="weight">(H).</param>
    /// <param name="eps">Added to the mean square.</param>
    public AddNorm(Tensor weight, double eps)
    {
        (_weight, _eps) = (weight, (float)eps);
        var hidden = weight.shape[0];
        var warps = (hidden + 32 * MostOfLane - 1) / (32 * MostOfLane);
        if (hidden % 4 != 0 || warps > MostWarps) return;
        // Rows of a single warp share a block.
        _rowsOfBlock = warps == 1 ? 8 : 1;
        _threads = (int)warps * 32 * _rowsOfBlock;
        _kernels = new("the kernels of a norm", [KernelSource.Norm], _ => [("HIDDEN", hidden), ("WARPS", warps), ("ROWS", _rowsOfBlock)]);
    }

    /// <param name="x">(..., H).</param>
    /// <param name="added">Is added to x before its norm is taken, in the weight's type; null for nothing.</param>
    /// <param name="over">Whether the sum may be written over x where no gradient is recorded.</param>
    /// <param name="last">Whether nobody asks for the sum.</param>
    /// <returns>
    /// The sum, x itself where nothing is added or it was written over or nobody asks for it, and its norm in the weight's type; null where plain operations have to compute it.
    /// </returns>
    public (Tensor Sum, Tensor Normed)? Run(Tensor x, Tensor? added, bool over, bool last = false)
    {
        if (_kernels?.For(_weight) is not { } kernels || x.dtype != ScalarType.Float32 || !PointwiseKernels.IsWhole(x)) return null;
        if (added is not null && (added.dtype != _weight.dtype || !PointwiseKernels.IsWhole(added))) return null;
        if (is_grad_enabled() && _weight.requires_grad) return null;
        if (is_grad_enabled() && (x.requires_grad || added is { requires_grad: true })) return Recorded(kernels, x, added, last);
        var sum = added is null || last ? null : over && !is_grad_enabled() ? x : empty_like(x);
        return (sum ?? x, Forward(kernels, x, added, sum));
    }

    Tensor Forward(IKernelModule kernels, Tensor x, Tensor? added, Tensor? sum)
    {
        var normed = empty(x.shape, _weight.dtype, x.device);
        Launch(kernels, "add_norm", x, x, added, sum, _weight, _eps, normed, Rows(x));
        return normed;
    }

    (Tensor Sum, Tensor Normed) Recorded(IKernelModule kernels, Tensor x, Tensor? added, bool last)
    {
        GivenGradients.ThrowFailure();
        using var scope = NewDisposeScope();
        var results = Function.apply(new Pass(this, kernels, last), x, added!);
        foreach (var result in results) result.MoveToOuterDisposeScope();
        return (results.Count == 1 ? x : results[1], results[0]);
    }

    // Gradients of x and of what was added, each where it is wanted.
    (Tensor? OfX, Tensor? OfAdded) Back(IKernelModule kernels, Tensor sum, Tensor? ofNormed, Tensor? ofSum, bool wantX, bool wantAdded)
    {
        using var scope = NewDisposeScope();
        ofNormed = ofNormed?.contiguous() ?? zeros(sum.shape, _weight.dtype, sum.device);
        var (ofX, ofAdded) = (wantX ? empty_like(sum) : null, wantAdded ? empty(sum.shape, _weight.dtype, sum.device) : null);
        Launch(kernels, "add_norm_back", sum, sum, _weight, _eps, ofNormed, ofSum?.contiguous(), ofX, ofAdded, Rows(sum));
        return (ofX?.MoveToOuterDisposeScope(), ofAdded?.MoveToOuterDisposeScope());
    }

    long Rows(Tensor x) => x.numel() / _weight.shape[0];

    void Launch(IKernelModule kernels, string kernel, Tensor x, params ReadOnlySpan<KernelArgument> arguments) =>
        kernels.Launch(0, kernel, PointwiseKernels.Grid(Rows(x), _rowsOfBlock), _threads, 0, arguments);

    // The kernels are those that went forward, whatever thread goes back.
    sealed record Pass(AddNorm Norm, IKernelModule Kernels, bool Last);

    /// <summary>The norm of a pass, x and what is added, and behind it the sum where something is added and somebody asks for it.</summary>
    sealed class Function : autograd.MultiTensorFunction<Function>
    {
        public override string Name => nameof(AddNorm);

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (pass, x, added) = ((Pass)vars[0], (Tensor)vars[1], (Tensor?)vars[2]);
            var sum = added is null ? x : empty_like(x);
            var normed = pass.Norm.Forward(pass.Kernels, x, added, added is null ? null : sum);
            ctx.set_materialize_grads(false);
            ctx.save_data("pass", pass);
            ctx.save_data("wanted", (x.requires_grad, added is { requires_grad: true }));
            ctx.save_for_backward([sum]);
            return added is null || pass.Last ? [normed] : [normed, sum];
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs) => GivenGradients.Of(grad_outputs, 3, () =>
        {
            var (pass, (wantX, wantAdded)) = ((Pass)ctx.get_data("pass"), ((bool, bool))ctx.get_data("wanted"));
            var (ofX, ofAdded) = pass.Norm.Back(
                pass.Kernels, ctx.get_saved_variables()[0], PointwiseKernels.Given(grad_outputs[0]), grad_outputs.Count > 1 ? PointwiseKernels.Given(grad_outputs[1]) : null, wantX, wantAdded);
            return [null, ofX, ofAdded];
        });
    }
}
