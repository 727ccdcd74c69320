using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>A mean squared error and its gradient in two launches.</summary>
static class SquaredError
{
    const int Threads = 256, MostBlocks = 1024;

    static readonly PointwiseKernels Kernels = new("the kernels of a squared error", KernelSource.SquaredError, _ => []);

    /// <summary>scale * sum((prediction - target)^2), and its gradient with respect to the prediction, in the prediction's type; null where plain operations have to compute them.</summary>
    /// <param name="prediction">(..., width).</param>
    /// <param name="target">The same.</param>
    /// <param name="column">(..., 1) float32, 1 where a row counts and 0 where it does not; null where all do.</param>
    public static (Tensor Loss, Tensor Gradient)? Of(Tensor prediction, Tensor target, Tensor? column, double scale)
    {
        var width = prediction.shape[^1];
        if (Kernels.For(prediction) is not { } module || target.dtype != prediction.dtype || width % PointwiseKernels.Width(prediction) != 0) return null;
        if (!PointwiseKernels.IsWhole(prediction) || !PointwiseKernels.IsWhole(target) || column is not null && (column.dtype != ScalarType.Float32 || !column.is_contiguous())) return null;
        var rows = (int)(prediction.numel() / width);
        if (rows == 0 || !prediction.shape.SequenceEqual(target.shape) || column is not null && column.numel() != rows) return null;
        using var scope = NewDisposeScope();
        var blocks = Math.Min(rows, MostBlocks);
        var (gradient, sums, loss) = (empty_like(prediction), empty([blocks], ScalarType.Float32, prediction.device), empty([], ScalarType.Float32, prediction.device));
        module.Launch(0, "squared_errors", (blocks, 1), Threads, 0, prediction, target, column, rows, (int)width, (float)(2 * scale), gradient, sums);
        module.Launch(0, "sum_errors", (1, 1), Threads, 0, sums, blocks, (float)scale, loss);
        return (loss.MoveToOuterDisposeScope(), gradient.MoveToOuterDisposeScope());
    }
}
