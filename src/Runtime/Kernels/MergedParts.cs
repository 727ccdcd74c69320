using System.Collections.Concurrent;
using MmMamba.Runtime.Kernels.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>Attention over two parts of the keys, put together by the logarithms of their sums of weights in one kernel.</summary>
static class MergedParts
{
    const int Threads = 256;

    static readonly ConcurrentDictionary<int, PointwiseKernels> Kernels = [];

    static PointwiseKernels Of(int headDim) => Kernels.GetOrAdd(headDim, static width => new(
        "the kernels of attention in parts", [KernelSource.Merge], most => [("HEAD_DIM", width), ("PIECE", PointwiseKernels.Piece(most, width))]));

    /// <param name="near">A part's values (B, heads, T, d), written over with those of both, and the logarithms of its sums of weights (B, heads, T), float32.</param>
    /// <param name="far">The other part's.</param>
    /// <returns>Whether that was done; plain operations have to do it otherwise.</returns>
    public static bool Run((Tensor Y, Tensor Sums) near, (Tensor Y, Tensor Sums) far)
    {
        var (y, other) = (near.Y, far.Y);
        if (is_grad_enabled() || y.dtype != other.dtype || near.Sums.dtype != ScalarType.Float32 || far.Sums.dtype != ScalarType.Float32) return false;
        var (batch, heads, length, width) = (y.shape[0], y.shape[1], y.shape[2], y.shape[3]);
        if (Of((int)width).For(y) is not { } kernels || !y.stride().AsSpan().SequenceEqual(other.stride()) || !PointwiseKernels.AreRows(y) || !PointwiseKernels.AreRows(other)) return false;
        var rows = batch * heads * length;
        var piece = PointwiseKernels.Piece(PointwiseKernels.Width(y), (int)width);
        kernels.Launch(
            0, "merge", PointwiseKernels.Grid(rows * (width / piece), Threads), Threads, 0, y, other, PointwiseKernels.Places(y),
            near.Sums, PointwiseKernels.Places(near.Sums), far.Sums, PointwiseKernels.Places(far.Sums), heads, length, rows);
        return true;
    }
}
