using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Native;

/// <summary>
/// The two attention kernels of a GPU that tell each query's sum of weights, by libtorch's C functions for compiled models (<c>aoti_torch/generated/c_shim_cuda.h</c>): libtorch's dispatcher for the
/// stable interface takes the types of results in the wrong order, and these have numbers among their tensors. No gradients are recorded.
/// </summary>
static unsafe partial class CudaAttention
{
    const string TorchCuda = "torch_cuda";

    [LibraryImport(TorchCuda)]
    private static partial int aoti_torch_cuda__scaled_dot_product_flash_attention(
        nint query, nint key, nint value, double dropout, int causal, int debugMask, double* scale,
        out nint y, out nint sums, out nint queryLengths, out nint keyLengths, out long mostQueries, out long mostKeys, out nint seed, out nint offset, out nint mask);

    [LibraryImport(TorchCuda)]
    private static partial int aoti_torch_cuda__scaled_dot_product_cudnn_attention(
        nint query, nint key, nint value, nint* bias, int tellSums, double dropout, int causal, int debugMask, double* scale,
        out nint y, out nint sums, out nint queryLengths, out nint keyLengths, out long mostQueries, out long mostKeys, out nint seed, out nint offset, out nint mask);

    /// <param name="kernel">Flash or cuDNN's.</param>
    /// <param name="q">(B, heads, T, d).</param>
    /// <param name="k">(B, kv heads, S, d).</param>
    /// <param name="v">(B, kv heads, S, d).</param>
    /// <param name="causal">The flash kernel's last query sees all keys; cuDNN's needs T = S.</param>
    /// <returns>y (B, heads, T, d), and the logarithms of the sums of weights as the kernel lays them out.</returns>
    /// <exception cref="InvalidOperationException">libtorch refuses; it has written why to the standard error stream.</exception>
    public static (Tensor Y, Tensor Sums) Run(AttentionKernel kernel, Tensor q, Tensor k, Tensor v, bool causal)
    {
        nint y, sums, queryLengths, keyLengths, seed, offset, mask;
        var failed = kernel == AttentionKernel.Flash
            ? aoti_torch_cuda__scaled_dot_product_flash_attention(
                q.Handle, k.Handle, v.Handle, 0, causal ? 1 : 0, 0, null, out y, out sums, out queryLengths, out keyLengths, out _, out _, out seed, out offset, out mask)
            : aoti_torch_cuda__scaled_dot_product_cudnn_attention(
                q.Handle, k.Handle, v.Handle, null, 1, 0, causal ? 1 : 0, 0, null, out y, out sums, out queryLengths, out keyLengths, out _, out _, out seed, out offset, out mask);
        GC.KeepAlive(q);
        GC.KeepAlive(k);
        GC.KeepAlive(v);
        if (failed != 0) throw new InvalidOperationException($"libtorch's {(kernel == AttentionKernel.Flash ? "flash" : "cuDNN")} attention failed; it has written the reason to the standard error stream.");
        foreach (var other in (ReadOnlySpan<nint>)[queryLengths, keyLengths, seed, offset, mask])
            if (other != 0) Tensor.UnsafeCreateTensor(other).Dispose();
        return (Tensor.UnsafeCreateTensor(y), Tensor.UnsafeCreateTensor(sums));
    }
}
