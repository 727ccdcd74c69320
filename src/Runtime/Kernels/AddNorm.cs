using MmMamba.Runtime.Kernels.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>The residual stream's additions and norms, both in one kernel.</summary>
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
        _kernels = new("the kernels of a norm", KernelSource.Norm, _ => [("HIDDEN", hidden), ("WARPS", warps), ("ROWS", _rowsOfBlock)]);
    }

    /// <param name="x">(..., H).</param>
    /// <param name="added">Is added to x before its norm is taken, in the weight's type; null for nothing.</param>
    /// <param name="over">Whether the sum may be written over x.</param>
    /// <returns>The sum, x itself where nothing is added or it was written over, and its norm in the weight's type; null where plain operations have to compute it.</returns>
    public (Tensor Sum, Tensor Normed)? Run(Tensor x, Tensor? added, bool over)
    {
        if (is_grad_enabled() || _kernels?.For(_weight) is not { } kernels) return null;
        if (x.dtype != ScalarType.Float32 || !PointwiseKernels.IsWhole(x)) return null;
        if (added is not null && (added.dtype != _weight.dtype || !PointwiseKernels.IsWhole(added))) return null;
        var normed = empty(x.shape, _weight.dtype, x.device);
        var sum = added is null || over ? x : empty_like(x);
        var rows = x.numel() / _weight.shape[0];
        kernels.Launch(0, "add_norm", PointwiseKernels.Grid(rows, _rowsOfBlock), _threads, 0, x, added, sum, _weight, _eps, normed, rows);
        return (sum, normed);
    }
}
