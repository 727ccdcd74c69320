using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>From the fused projection of attention to rotated queries and keys, and values, in one kernel; keys and values go to where they are kept.</summary>
/// <param name="plan">Heads.</param>
sealed class RotatedHeads(AttentionPlan plan)
{
    const int Threads = 256;

    readonly PointwiseKernels _kernels = new(
        "the kernels of rotary positions", KernelSource.Rotary,
        width => [("KV_HEADS", plan.KvHeads), ("EACH", plan.Heads / plan.KvHeads), ("HEAD_DIM", plan.HeadDim), ("PIECE", PointwiseKernels.Piece(width, plan.HeadDim / 2))]);

    /// <param name="fused">For each token and kv head its query heads, its key and its value (B, T, (heads + 2 kv heads) * head dim).</param>
    /// <param name="window">Where the tokens stand.</param>
    /// <param name="rotary">How they are turned.</param>
    /// <param name="cache">Takes keys and values up, behind those that it has; null makes new tensors.</param>
    /// <returns>
    /// Queries (B, heads, T, head dim), and keys and values (B, kv heads, ..., head dim) of these tokens, or all that the cache has then. Null where plain operations have to
    /// compute it, and nothing was done.
    /// </returns>
    public (Tensor Q, Tensor K, Tensor V)? Run(Tensor fused, TokenWindow window, RotaryEmbedding rotary, KvCache? cache)
    {
        if (is_grad_enabled() || _kernels.For(fused) is not { } kernels) return null;
        if (!PointwiseKernels.IsWhole(fused) || cache is not null && cache.Buffers.Keys.dtype != fused.dtype) return null;

        using var scope = NewDisposeScope();
        var (batch, length) = (fused.shape[0], fused.shape[1]);
        // Tokens before heads, as the products before and behind have them: attention leaves its output as its queries are.
        var queries = empty([batch, length, plan.Heads, plan.HeadDim], fused.dtype, fused.device).transpose(1, 2);
        var (keys, values) = cache?.Extend(length) ?? (New(), New());
        var angles = window.Angles(rotary, ScalarType.Float32);
        var threads = batch * length * plan.KvHeads * (plan.HeadDim / 2 / PointwiseKernels.Piece(fused.element_size() == 2 ? 8 : 4, plan.HeadDim / 2));
        kernels.Launch(
            0, "place_heads", PointwiseKernels.Grid(threads, Threads), Threads, 0, fused,
            angles.Cos, angles.SignedSin, angles.Cos.shape[0] == 1 ? 0L : length * plan.HeadDim,
            queries, PointwiseKernels.Places(queries), keys, PointwiseKernels.Places(keys), values, PointwiseKernels.Places(values), length, batch * length);
        if (cache is not null) (keys, values) = (cache.Keys, cache.Values);
        return (queries.MoveToOuterDisposeScope(), keys.MoveToOuterDisposeScope(), values.MoveToOuterDisposeScope());

        Tensor New() => empty([batch, plan.KvHeads, length, plan.HeadDim], fused.dtype, fused.device);
    }
}
