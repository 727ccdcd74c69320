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
    readonly RotaryEmbedding _rotary = new(plan.HeadDim, plan.RopeTheta, plan.MaxPositions, plan.DynamicFactor);
    readonly int _each = plan.Heads / plan.KvHeads;

    /// <param name="u">Normed input (B, T, H).</param>
    /// <param name="window">Where the tokens stand; pads on the right need no mask.</param>
    /// <param name="cache">Keys and values before these tokens; these tokens' are appended.</param>
    /// <returns>(B, T, heads * head dim), before the output projection.</returns>
    public Tensor Attend(Tensor u, TokenWindow window, KvCache? cache = null)
    {
        var angles = window.Angles(_rotary, u.dtype);
        var visible = window.VisibleKeys();
        using var scope = NewDisposeScope();
        var (batch, length) = (u.shape[0], u.shape[1]);
        var projected = Work.Linear("attention.wqkv", u, wqkv).view(batch, length, plan.KvHeads, _each + 2, plan.HeadDim);
        var turned = angles.Rotate(projected.narrow(3, 0, _each + 1));
        var q = turned.narrow(3, 0, _each).reshape(batch, length, plan.Heads, plan.HeadDim).transpose(1, 2);
        var k = turned.select(3, _each).transpose(1, 2);
        var v = projected.select(3, _each + 1).transpose(1, 2);
        if (cache is not null)
        {
            cache.Append(k, v);
            (k, v) = (cache.Keys, cache.Values);
        }
        var y = Work.Attention("attention.scores", "attention.values", q, k, v, visible, window.IsCausalAlone);
        return y.transpose(1, 2).reshape(batch, length, plan.Heads * plan.HeadDim).MoveToOuterDisposeScope();
    }
}
