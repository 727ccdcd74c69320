using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Native;
using MmMamba.Runtime.Plans;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Layers;

/// <summary>
/// <see cref="GroupedQueryAttention"/> whose queries see the last tokens of their sequence, pads not counted. Queries go in blocks, each
/// with the keys that it may see, so that work and masks grow with the length and not with its square.
/// </summary>
/// <param name="plan">Heads, rotary embedding and window.</param>
/// <param name="wqkv">Fused projection ((heads + 2 kv heads) * head dim, H).</param>
public sealed class SlidingWindowAttention(SlidingWindowPlan plan, Parameter wqkv)
{
    // Shorter blocks would be more calls than work.
    const int LeastBlock = 64;

    /// <summary>Projections, angles and weights, without the window.</summary>
    internal GroupedQueryAttention Inner { get; } = new(
        new(plan.Heads, plan.KvHeads, plan.HeadDim, plan.RopeTheta, plan.MaxPositions, plan.DynamicFactor), wqkv) { Term = "sliding_window" };

    /// <param name="u">Normed input (B, T, H).</param>
    /// <param name="tokens">Where the tokens stand; pads stand on the right of each pass.</param>
    /// <param name="cache">Keys and values before these tokens; those of these tokens that a later one may see are kept.</param>
    /// <returns>(B, T, heads * head dim), before the output projection.</returns>
    public Tensor Attend(Tensor u, TokenWindow tokens, WindowCache? cache = null)
    {
        using var scope = NewDisposeScope();
        var (q, k, v) = Inner.Project(u, tokens);
        if (cache is null) return tokens.Packed(Blocks(q, k, v, tokens, null)).MoveToOuterDisposeScope();
        if (tokens is { Length: 1, AllReal: true })
        {
            // The ring holds the window then, in an order that attention doesn't ask for.
            cache.Append(k, v);
            return Inner.Weigh(q, cache.Keys, cache.Values, null, causal: false, plan.Window).MoveToOuterDisposeScope();
        }
        var before = tokens.Seen(tokens.Past);
        var y = Blocks(q, k, v, tokens, cache, before);
        cache.Append(k, v, before, after: tokens.Seen(tokens.Past + tokens.Length));
        return y.MoveToOuterDisposeScope();
    }

    Tensor Blocks(Tensor q, Tensor k, Tensor v, TokenWindow tokens, WindowCache? cache, Tensor? before = null)
    {
        var held = cache?.Held ?? 0;
        if (held == 0 && tokens.Length <= plan.Window) return Inner.Weigh(q, k, v, null, causal: true, plan.Window);
        var parts = new List<Tensor>();
        var block = Math.Max(plan.Window, LeastBlock);
        for (var first = 0L; first < tokens.Length; first += block)
        {
            var end = Math.Min(first + block, tokens.Length);
            var low = Math.Max(0, first - plan.Window + 1);
            var (keys, values) = (k.narrow(2, low, end - low), v.narrow(2, low, end - low));
            var visible = Visible(first, end, low, q.device);
            // A block is no shorter than the window, so only the first one looks back on what was before this pass.
            if (first == 0 && held > 0)
            {
                (keys, values) = (cat([cache!.Keys, keys], 2), cat([cache.Values, values], 2));
                visible = Both(Remembered(cache, end, before!), visible);
            }
            parts.Add(Inner.Weigh(q.narrow(2, first, end - first), keys, values, visible, causal: false, plan.Window));
        }
        return parts.Count == 1 ? parts[0] : cat(parts, 1);
    }

    // Which of the pass's keys from low to end its queries from first to end see: (queries, keys). No real token looks at a pad on its right.
    Tensor Visible(long first, long end, long low, Device device)
    {
        var distance = HeldNumber.Range(first, end, device).unsqueeze(1) - HeldNumber.Range(low, end, device);
        return distance.ge(HeldNumber.Of(0)).logical_and(distance.lt(HeldNumber.Of(plan.Window)));
    }

    // Which of the tokens in the ring the pass's queries to end see: (B or 1, 1, queries, held).
    Tensor Remembered(WindowCache cache, long end, Tensor before)
    {
        var numbers = cache.Numbers(before).narrow(1, 0, cache.Held);
        var queries = before.unsqueeze(2).Plus(HeldNumber.Range(0, end, before.device).view(1, -1, 1));
        return numbers.ge(HeldNumber.Of(0)).unsqueeze(1).logical_and((queries - numbers.unsqueeze(1)).lt(HeldNumber.Of(plan.Window))).unsqueeze(1);
    }

    static Tensor Both(Tensor remembered, Tensor visible) =>
        cat([remembered, visible.expand(remembered.shape[0], 1, visible.shape[0], visible.shape[1])], 3);
}
