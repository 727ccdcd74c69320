using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>
/// Attention of several queries behind a longer past, without a mask. A GPU's flash kernel lets the last query see all keys, and each one before it one key less. Others are asked twice: over the past, which every query
/// sees whole, and over the new keys, which are causal, put together by the logarithms of their sums of weights.
/// </summary>
static class ContinuedAttention
{
    /// <param name="q">Queries (B, heads, T, d).</param>
    /// <param name="k">Keys (B, kv heads, S, d), the last T of them the queries' own.</param>
    /// <param name="v">Values (B, kv heads, S, d).</param>
    /// <returns>(B, heads, T, d) in q's type; null where a mask is needed: no kernel tells its sums, or gradients are recorded, which none has for its sums.</returns>
    public static Tensor? Run(Tensor q, Tensor k, Tensor v)
    {
        if (is_grad_enabled()) return null;
        using var scope = NewDisposeScope();
        var (tokens, past, each) = (q.shape[2], k.shape[2] - q.shape[2], q.shape[1] / k.shape[1]);
        // As in Attention: float32 on a GPU knows no groups of heads.
        if (each > 1 && q.device_type == DeviceType.CUDA && q.dtype == ScalarType.Float32) (k, v) = (k.repeat_interleave(each, 1), v.repeat_interleave(each, 1));
        // libtorch itself does not ask the flash kernel for causal queries behind a past, which once saw something else in it.
        if (q.device_type == DeviceType.CUDA && AttentionChoice.Of(Aten.AttentionKernelOf(q, k, v, causal: false), q.shape, k.shape[2], causal: true) == AttentionKernel.Flash)
            return Aten.AttentionWithSums(AttentionKernel.Flash, q, k, v, causal: true)?.Y.MoveToOuterDisposeScope();
        if (Part(q, k, v, past, tokens, causal: true) is not { } near || Part(q, k, v, 0, past, causal: false) is not { } far) return null;
        return Together(near, far).MoveToOuterDisposeScope();
    }

    // Both parts by their weights; over the near one where a kernel does it.
    static Tensor Together((Tensor Y, Tensor Sums) near, (Tensor Y, Tensor Sums) far)
    {
        if (MergedParts.Run(near, far)) return near.Y;
        var share = (far.Sums - near.Sums).sigmoid_().unsqueeze(-1);
        return lerp(near.Y.to(ScalarType.Float32), far.Y.to(ScalarType.Float32), share).to(near.Y.dtype);
    }

    static (Tensor Y, Tensor Sums)? Part(Tensor q, Tensor k, Tensor v, long first, long count, bool causal)
    {
        var (keys, values) = (k.narrow(2, first, count), v.narrow(2, first, count));
        return Aten.AttentionWithSums(AttentionChoice.Of(q, keys, values, causal), q, keys, values, causal);
    }
}
