using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>
/// Which of libtorch's kernels computes attention without a mask and without gradients. On the GPUs where cuDNN has the fastest one, it makes a plan of tens of milliseconds for each
/// shape and stride that it has not seen, and a length that grows is another shape each time; the flash kernel needs none.
/// </summary>
static class AttentionChoice
{
    // From here on, some 8,192 queries and as many keys at the published size, cuDNN gains more over the layers of a model than a plan takes, or the same shape comes again.
    const double WorthAPlan = 0.25e12;

    /// <param name="q">Queries (B, heads, T, d).</param>
    /// <param name="k">Keys (B, kv heads, S, d).</param>
    /// <param name="v">Values (B, kv heads, S, d).</param>
    /// <param name="causal">Query t sees keys 0 to S - T + t.</param>
    public static AttentionKernel Of(Tensor q, Tensor k, Tensor v, bool causal) => Of(Aten.AttentionKernelOf(q, k, v, causal), q.shape, k.shape[2], causal);

    /// <param name="libtorchs">What libtorch would take.</param>
    /// <param name="queries">(B, heads, T, d).</param>
    /// <param name="keys">S.</param>
    public static AttentionKernel Of(AttentionKernel libtorchs, ReadOnlySpan<long> queries, long keys, bool causal)
    {
        var (tokens, width) = (queries[2], queries[3]);
        // The flash kernel takes whole 16 bytes of a head, and no more than 256 numbers.
        if (libtorchs != AttentionKernel.Cudnn || width % 8 != 0 || width > 256) return libtorchs;
        var seen = causal ? keys - (tokens - 1) / 2.0 : keys;
        return 4.0 * queries[0] * queries[1] * tokens * width * seen < WorthAPlan ? AttentionKernel.Flash : AttentionKernel.Cudnn;
    }
}
