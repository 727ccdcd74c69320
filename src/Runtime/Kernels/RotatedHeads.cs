using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>From the fused projection of attention to rotated queries and keys, and values, in one kernel, and back in another; keys and values go to where they are kept.</summary>
/// <param name="plan">Heads.</param>
sealed class RotatedHeads(AttentionPlan plan)
{
    const int Threads = 256;

    readonly AttentionPlan _plan = plan;

    readonly PointwiseKernels _kernels = new(
        "the kernels of rotary positions", [KernelSource.Rotary],
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
        if (_kernels.For(fused) is not { } kernels || !PointwiseKernels.IsWhole(fused)) return null;
        var recorded = is_grad_enabled() && fused.requires_grad;
        if (cache is not null && (recorded || cache.Buffers.Keys.dtype != fused.dtype)) return null;

        using var scope = NewDisposeScope();
        var pass = new Pass(this, kernels, window.Angles(rotary, ScalarType.Float32), fused.shape[0], fused.shape[1]);
        Tensor q, k, v;
        if (recorded)
        {
            GivenGradients.ThrowFailure();
            var heads = Function.apply(pass, fused);
            (q, k, v) = (heads[0], heads[1], heads[2]);
        }
        else
        {
            q = pass.NewHeads(fused, _plan.Heads);
            (k, v) = cache?.Extend(pass.Length) ?? (pass.NewHeads(fused, _plan.KvHeads), pass.NewHeads(fused, _plan.KvHeads));
            pass.Launch("place_heads", fused, q, k, v);
            if (cache is not null) (k, v) = (cache.Keys, cache.Values);
        }
        return (q.MoveToOuterDisposeScope(), k.MoveToOuterDisposeScope(), v.MoveToOuterDisposeScope());
    }

    // The kernels are those that went forward, whatever thread goes back.
    sealed record Pass(RotatedHeads Of, IKernelModule Kernels, RotaryAngles Angles, long Batch, long Length)
    {
        // (B, heads, T, head dim), tokens before heads in memory, as the products before and behind have them: attention leaves its output as its queries are.
        public Tensor NewHeads(Tensor like, long heads)
        {
            long width = Of._plan.HeadDim;
            return empty_strided([Batch, heads, Length, width], [Length * heads * width, width, heads * width, 1], like.dtype, like.device);
        }

        public void Launch(string kernel, Tensor fused, Tensor q, Tensor k, Tensor v)
        {
            var plan = Of._plan;
            var pieces = plan.HeadDim / 2 / PointwiseKernels.Piece(PointwiseKernels.Width(fused), plan.HeadDim / 2);
            Kernels.Launch(
                0, kernel, PointwiseKernels.Grid(Batch * Length * plan.KvHeads * pieces, Threads), Threads, 0, fused,
                Angles.Cos, Angles.SignedSin, Angles.Cos.shape[0] == 1 ? 0L : Length * plan.HeadDim,
                q, PointwiseKernels.Places(q), k, PointwiseKernels.Places(k), v, PointwiseKernels.Places(v), Length, Batch * Length);
        }

        // A head's gradient as the kernel reads it: its numbers side by side, from where they can be loaded at once.
        public Tensor Readable(Tensor? given, Tensor like, long heads)
        {
            if (given is null) return NewHeads(like, heads).zero_();
            return PointwiseKernels.AreRows(given) ? given : given.contiguous();
        }
    }

    /// <summary>Queries, keys and values of a pass and its fused projection.</summary>
    sealed class Function : autograd.MultiTensorFunction<Function>
    {
        public override string Name => nameof(RotatedHeads);

        public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
        {
            var (pass, fused) = ((Pass)vars[0], (Tensor)vars[1]);
            var plan = pass.Of._plan;
            List<Tensor> heads = [pass.NewHeads(fused, plan.Heads), pass.NewHeads(fused, plan.KvHeads), pass.NewHeads(fused, plan.KvHeads)];
            pass.Launch("place_heads", fused, heads[0], heads[1], heads[2]);
            ctx.set_materialize_grads(false);
            ctx.save_data("pass", pass);
            ctx.save_for_backward([pass.Angles.Cos, pass.Angles.SignedSin]);
            return heads;
        }

        public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs) => GivenGradients.Of(grad_outputs, 2, () =>
        {
            // The window has freed its own angles by now.
            var (pass, kept) = ((Pass)ctx.get_data("pass"), ctx.get_saved_variables());
            pass = pass with { Angles = new(kept[0], kept[1]) };
            var plan = pass.Of._plan;
            Tensor?[] given = [.. grad_outputs.Select(PointwiseKernels.Given)];
            var like = given.First(one => one is not null)!;
            var fused = empty([pass.Batch, pass.Length, (plan.Heads + 2L * plan.KvHeads) * plan.HeadDim], like.dtype, like.device);
            pass.Launch(
                "place_heads_back", fused, pass.Readable(given[0], like, plan.Heads), pass.Readable(given[1], like, plan.KvHeads), pass.Readable(given[2], like, plan.KvHeads));
            return [null, fused];
        });
    }
}
