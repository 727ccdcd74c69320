using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Native;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Simd;

/// <summary>Attention of one token over keys and values that lie in a cache's buffers, its own among them.</summary>
static unsafe class Attend
{
    // Keys whose weights are made before their values are added up: a block of both stays in the nearest cache.
    const int Block = 64;

    /// <summary>Turns queries and keys, puts key and value into the cache, and mixes the values of all tokens there.</summary>
    /// <param name="projected">For each kv head its queries, its key and its value; queries and keys are turned in place.</param>
    /// <param name="angles">Cosines, then sines, of the first half of a head's channels.</param>
    /// <param name="y">(heads * head dim).</param>
    /// <returns>The tokens that were looked at.</returns>
    public static int Step(MixerPlan plan, LayerCache cache, float* projected, float* angles, float* y)
    {
        var (buffers, place, held) = cache switch
        {
            KvCache all => (all.Buffers, all.Advance(1), (int)all.Length),
            WindowCache ring => (ring.Buffers, ring.Advance(), (int)ring.Held),
            _ => throw new InvalidOperationException($"{cache.GetType().Name} holds no keys."),
        };
        var room = (int)buffers.Keys.shape[2];
        var (keys, values) = (StoredRows.Of(buffers.Keys), StoredRows.Of(buffers.Values));
        var (each, width) = (plan.Heads / plan.KvHeads, plan.HeadDim);
        Cores.Split(plan.KvHeads, 2L * plan.KvHeads * held * width, (first, end) =>
        {
            for (var group = first; group < end; group++)
            {
                var own = projected + (long)group * (each + 2) * width;
                for (var head = 0; head <= each; head++) Turn(own + head * width, angles, width);
                keys.From(group * room + (int)place, 1).Write(0, own + each * width);
                values.From(group * room + (int)place, 1).Write(0, own + (each + 1) * width);
                Weigh(keys.From(group * room, held), values.From(group * room, held), own, each, y + (long)group * each * width);
            }
        });
        GC.KeepAlive(cache);
        return held;
    }

    // Channels i and i + d/2 by one angle.
    static void Turn(float* head, float* angles, int width)
    {
        var half = width / 2;
        for (var i = 0; i < half; i++)
        {
            var (low, high, cos, sin) = (head[i], head[i + half], angles[i], angles[i + half]);
            (head[i], head[i + half]) = (low * cos - high * sin, high * cos + low * sin);
        }
    }

    // The softmax of a block is corrected by the next one that has a greater score.
    static void Weigh(StoredRows keys, StoredRows values, float* queries, int each, float* y)
    {
        var width = keys.Width;
        float* weights = stackalloc float[Block], greatest = stackalloc float[each], sums = stackalloc float[each];
        new Span<float>(y, each * width).Clear();
        new Span<float>(greatest, each).Fill(float.NegativeInfinity);
        new Span<float>(sums, each).Clear();
        for (var head = 0; head < each; head++) Pointwise.Scale(queries + head * width, 1 / MathF.Sqrt(width), width);
        for (var first = 0; first < keys.Count; first += Block)
        {
            var count = Math.Min(Block, keys.Count - first);
            for (var head = 0; head < each; head++)
            {
                keys.From(first, count).Products(queries + head * width, weights);
                var most = MathF.Max(greatest[head], Pointwise.Max(weights, count));
                var before = MathF.Exp(greatest[head] - most);
                sums[head] = sums[head] * before + Pointwise.Exp(weights, most, count);
                if (before != 1) Pointwise.Scale(y + head * width, before, width);
                values.From(first, count).AddWeighted(weights, y + head * width);
                greatest[head] = most;
            }
        }
        for (var head = 0; head < each; head++) Pointwise.Scale(y + head * width, 1 / sums[head], width);
    }
}
