using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Plans;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Layers;

/// <summary>
/// Causal attention with rotary positions in which groups of query heads share a key and a value head. The fused projection holds, for
/// each kv head, its query heads, then its key, then its value.
/// </summary>
/// <param name="plan">Heads and rotary embedding.</param>
/// <param name="wqkv">Fused projection ((heads + 2 kv heads) * head dim, H).</param>
public sealed class GroupedQueryAttention(AttentionPlan plan, Parameter wqkv)
{
    readonly int _each = plan.Heads / plan.KvHeads;
    readonly RotatedHeads _heads = new(plan);

    /// <summary>How the terms of its work begin.</summary>
    internal string Term { get; init; } = "attention";

    /// <summary>How its queries and keys are turned.</summary>
    internal RotaryEmbedding Rotary { get; } = new(plan.HeadDim, plan.RopeTheta, plan.MaxPositions, plan.DynamicFactor);

    /// <summary>The fused projection.</summary>
    internal Parameter Projection => wqkv;

    /// <param name="u">Normed input (B, T, H).</param>
    /// <param name="window">Where the tokens stand; pads on the right need no mask.</param>
    /// <param name="cache">Keys and values before these tokens; these tokens' are appended.</param>
    /// <returns>(B, T, heads * head dim), before the output projection.</returns>
    public Tensor Attend(Tensor u, TokenWindow window, KvCache? cache = null)
    {
        using var scope = NewDisposeScope();
        var (q, k, v) = Project(u, window, cache);
        if (window is { Past: > 0, Length: > 1, AllReal: true } && Work.Continued(Term + ".scores", Term + ".values", q, k, v) is { } y)
            return Joined(y).MoveToOuterDisposeScope();
        return window.Packed(Weigh(q, k, v, window.VisibleKeys(), window.IsCausalAlone)).MoveToOuterDisposeScope();
    }

    /// <summary>Rotated queries (B, heads, T, head dim) and keys, and values (B, kv heads, T, head dim); of the cache, which takes the tokens' up, all that it has.</summary>
    internal (Tensor Q, Tensor K, Tensor V) Project(Tensor u, TokenWindow window, KvCache? cache = null)
    {
        using var scope = NewDisposeScope();
        var fused = window.Unpacked(Work.Linear(Term + ".wqkv", u, wqkv));
        var (q, k, v) = _heads.Run(fused, window, Rotary, cache) ?? Turned(fused, window, cache);
        return (q.MoveToOuterDisposeScope(), k.MoveToOuterDisposeScope(), v.MoveToOuterDisposeScope());
    }

    (Tensor Q, Tensor K, Tensor V) Turned(Tensor fused, TokenWindow window, KvCache? cache)
    {
        using var scope = NewDisposeScope();
        var (batch, length) = (fused.shape[0], fused.shape[1]);
        var projected = fused.view(batch, length, plan.KvHeads, _each + 2, plan.HeadDim);
        var turned = window.Angles(Rotary, fused.dtype).Rotate(projected.narrow(3, 0, _each + 1));
        var q = turned.narrow(3, 0, _each).reshape(batch, length, plan.Heads, plan.HeadDim).transpose(1, 2);
        var (k, v) = (turned.select(3, _each).transpose(1, 2), projected.select(3, _each + 1).transpose(1, 2));
        if (cache is not null)
        {
            cache.Append(k, v);
            (k, v) = (cache.Keys, cache.Values);
        }
        return (q.MoveToOuterDisposeScope(), k.MoveToOuterDisposeScope(), v.MoveToOuterDisposeScope());
    }

    /// <summary>Values by the weights of their keys (B, T, heads * head dim).</summary>
    /// <param name="reach">Keys that a query sees at most, the last ones that it may see; null is all.</param>
    internal Tensor Weigh(Tensor q, Tensor k, Tensor v, Tensor? visible, bool causal, long? reach = null)
    {
        using var scope = NewDisposeScope();
        var y = Work.Attention(Term + ".scores", Term + ".values", q, k, v, visible, causal, reach);
        return Joined(y).MoveToOuterDisposeScope();
    }

    // Heads (B, heads, T, head dim) side by side (B, T, heads * head dim).
    static Tensor Joined(Tensor y)
    {
        using var tokens = y.transpose(1, 2);
        return tokens.flatten(2);
    }
}
