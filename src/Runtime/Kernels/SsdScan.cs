using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>
/// The state-space duality scan of Mamba-2 (Dao and Gu, 2024, section 6) in chunks of matrix products:
/// S_t = exp(dt_t A) S_{t-1} + dt_t v_t k_t^T and y_t = S_t q_t, for heads that share values and keys in groups.
/// All of it is computed in float32; the result is differentiable in all inputs.
/// </summary>
static class SsdScan
{
    // Layouts: b batch, g groups (kv heads), c chunks, r heads of a group, l tokens of a chunk, p value width, n key width.

    /// <param name="v">Values (B, T, groups, P); values, keys and queries may be of any type.</param>
    /// <param name="k">Keys (B, T, groups, N).</param>
    /// <param name="q">Queries (B, T, heads, N); head j belongs to group j / (heads / groups).</param>
    /// <param name="dt">Step sizes (B, T, heads), not negative; 0 leaves the state as it is.</param>
    /// <param name="a">Decay rates (heads), negative.</param>
    /// <param name="chunk">Greatest number of tokens in a chunk; the result does not depend on it.</param>
    /// <param name="initial">State before the first token (B, heads, P, N); null is zero.</param>
    /// <param name="wantFinal">Whether the state after the last token is computed.</param>
    /// <returns>y (B, T, heads, P), and the final state (B, heads, P, N) if it was asked for.</returns>
    public static (Tensor Y, Tensor? Final) Run(Tensor v, Tensor k, Tensor q, Tensor dt, Tensor a, int chunk, Tensor? initial = null, bool wantFinal = false)
    {
        var (batch, length, groups, width) = (v.shape[0], v.shape[1], v.shape[2], v.shape[3]);
        var (heads, keys) = (q.shape[2], q.shape[3]);
        var each = heads / groups;
        chunk = Math.Min(chunk, Fastest(v.device, width));
        // Equal chunks: 150 tokens in chunks of at most 64 are 3 of 50, without a padded tail.
        var chunks = (length + chunk - 1) / chunk;
        var tokens = (length + chunks - 1) / chunks;
        var padding = chunks * tokens - length;

        using var scope = NewDisposeScope();
        v = Arranged(v, padding, [batch, chunks, tokens, groups, width], [0, 3, 1, 2, 4]);                // b g c l p
        k = Arranged(k, padding, [batch, chunks, tokens, groups, keys], [0, 3, 1, 2, 4]);                 // b g c l n
        q = Arranged(q, padding, [batch, chunks, tokens, groups, each, keys], [0, 3, 1, 4, 2, 5]);        // b g c r l n
        dt = Arranged(dt, padding, [batch, chunks, tokens, groups, each], [0, 3, 1, 4, 2]);               // b g c r l
        var decay = (dt * a.reshape(groups, 1, each, 1)).cumsum(-1);                                      // log of the decay since the chunk began

        var y = Within(v, k, q, dt, decay);
        Tensor? final = null;
        if (chunks > 1 || initial is not null || wantFinal)
        {
            var total = decay.narrow(-1, tokens - 1, 1);                                                  // b g c r 1
            var states = Added(v, k, dt, decay, total);
            v.Dispose();
            k.Dispose();
            var boundaries = Boundaries(states, total.squeeze(-1).transpose(2, 3), initial, chunks > 1 || initial is not null, wantFinal);
            states.Dispose();

            if (wantFinal) final = boundaries.select(3, boundaries.shape[3] - 1).reshape(batch, heads, width, keys).clone();
            if (chunks > 1 || initial is not null) y = Carried(y, q, boundaries, decay);
            boundaries.Dispose();
        }
        y = y.view(batch, groups, chunks, each, tokens, width).permute(0, 2, 4, 1, 3, 5).reshape(batch, chunks * tokens, heads, width);
        if (padding > 0) y = y.narrow(1, 0, length);
        return (y.MoveToOuterDisposeScope(), final?.MoveToOuterDisposeScope());
    }

    /// <summary>Tells of the work of <see cref="Run"/> with these sizes, where kernels of our own have computed what it computes.</summary>
    public static void Tell(long batch, long length, long heads, long width, int chunk, bool state, Device device)
    {
        chunk = Math.Min(chunk, Fastest(device, width));
        var chunks = (length + chunk - 1) / chunk;
        var tokens = (length + chunks - 1) / chunks;
        var product = 2 * batch * heads * chunks * tokens * width;
        Work.Done("ssd.scores", product * tokens);
        Work.Done("ssd.within", product * tokens);
        if (chunks == 1 && !state) return;
        var (rows, columns) = state ? (chunks + 1, chunks + 1) : (chunks, chunks);
        Work.Done("ssd.states", product * width);
        Work.Done("ssd.boundaries", 2 * batch * heads * rows * columns * width * width);
        Work.Done("ssd.carried", product * width);
    }

    // Within a chunk: token l hears token s <= l with weight (q_l . k_s) exp(decay_l - decay_s) dt_s. (heads' chunks, l, p)
    static Tensor Within(Tensor v, Tensor k, Tensor q, Tensor dt, Tensor decay)
    {
        using var scope = NewDisposeScope();
        var (tokens, width, each) = (v.shape[3], v.shape[4], q.shape[3]);
        var weights = (decay.unsqueeze(-1) - decay.unsqueeze(-2)).Add(CausalMask.Additive(tokens, v.device)).exp_();
        using (var scores = Scores(q, k, weights.shape)) weights = InPlace.Multiply(weights, scores);
        using var stepped = v.unsqueeze(3) * dt.unsqueeze(-1);                                            // b g c r l p
        return Work.Products("ssd.within", weights.view(-1, tokens, tokens), stepped.view(-1, tokens, width)).MoveToOuterDisposeScope();
    }

    // Every head's query times every key of its group in a chunk (b, g, c, r, l, l).
    static Tensor Scores(Tensor q, Tensor k, long[] shape)
    {
        using var scope = NewDisposeScope();
        var keys = k.flatten(0, 2);
        return Work.Products("ssd.scores", q.view(keys.shape[0], -1, keys.shape[2]), keys.transpose(1, 2)).view(shape).MoveToOuterDisposeScope();
    }

    // What a chunk adds to the state by its end (b, g, r, c, pn).
    static Tensor Added(Tensor v, Tensor k, Tensor dt, Tensor decay, Tensor total)
    {
        using var scope = NewDisposeScope();
        var remaining = ((total - decay).exp() * dt).transpose(3, 4).contiguous();                        // b g c l r
        var weighted = v.unsqueeze(4) * remaining.unsqueeze(-1);                                          // b g c l r p
        return Work.Products("ssd.states", weighted.flatten(4, 5).flatten(0, 2).transpose(1, 2), k.flatten(0, 2))
            .view(v.shape[0], v.shape[1], v.shape[2], dt.shape[3], -1).transpose(2, 3).MoveToOuterDisposeScope();
    }

    // y (heads' chunks, l, p) and what each query reads of the state before its chunk.
    static Tensor Carried(Tensor y, Tensor q, Tensor boundaries, Tensor decay)
    {
        using var scope = NewDisposeScope();
        var (chunks, tokens, keys) = (q.shape[2], q.shape[4], q.shape[5]);
        using var before = boundaries.narrow(3, 0, chunks).transpose(2, 3).reshape(y.shape[0], y.shape[2], keys);
        var carried = Work.Products("ssd.carried", q.view(-1, tokens, keys), before.transpose(1, 2));
        var sum = InPlace.AddProduct(y, carried, decay.exp().view(-1, tokens, 1));
        return ReferenceEquals(sum, y) ? y : sum.MoveToOuterDisposeScope();
    }

    /// <summary>D v for every head (B, T, heads, P), from values (B, T, groups, P) and D (heads) or (heads, P).</summary>
    public static Tensor Skip(Tensor v, Tensor d)
    {
        using var scope = NewDisposeScope();
        var (groups, heads) = (v.shape[2], d.shape[0]);
        var factor = d.view(groups, heads / groups, -1);
        return (v.unsqueeze(3) * factor).flatten(2, 3).MoveToOuterDisposeScope();
    }

    // States at the boundaries of chunks, (b g r z pn): those before each chunk if they are wanted, then the one after the last if it is.
    static Tensor Boundaries(Tensor states, Tensor totals, Tensor? initial, bool before, bool after)
    {
        using var scope = NewDisposeScope();
        var (batch, groups, each, chunks, size) = (states.shape[0], states.shape[1], states.shape[2], states.shape[3], states.shape[4]);
        // Boundary z hears the end of chunk s < z with exp(sum of the totals of chunks s+1 .. z-1), the initial state with that of all chunks before z.
        var upTo = nn.functional.pad(totals.cumsum(-1), (1L, 0L));                                        // b g r c+1: the total before each boundary
        if (initial is not null) states = cat([initial.reshape(batch, groups, each, 1, size), states], 3);
        var (firstRow, rows) = before ? (0L, after ? chunks + 1 : chunks) : (chunks, 1L);
        var firstColumn = initial is null ? 1L : 0L;
        var mask = CausalMask.Additive(chunks + 1, states.device).narrow(0, firstRow, rows).narrow(1, firstColumn, chunks + 1 - firstColumn);
        var factors = (upTo.narrow(-1, firstRow, rows).unsqueeze(-1) - upTo.narrow(-1, firstColumn, chunks + 1 - firstColumn).unsqueeze(-2)).Add(mask).exp_();
        return Work.Products("ssd.boundaries", factors.flatten(0, 2), states.reshape(batch * groups * each, chunks + 1 - firstColumn, size))
            .view(batch, groups, each, rows, size).MoveToOuterDisposeScope();
    }

    // On a CPU the work on weights of token pairs outgrows the small matrix products where chunks are much longer than heads are wide.
    static int Fastest(Device device, long width) => device.type == DeviceType.CPU ? (int)Math.Clamp(width, 16, 64) : int.MaxValue;

    // (B, T, ...) with so many tokens of zeros behind it, in another order of its dimensions, float32.
    static Tensor Arranged(Tensor x, long padding, long[] shape, long[] order)
    {
        using var scope = NewDisposeScope();
        if (padding > 0) x = nn.functional.pad(x, [.. Enumerable.Repeat(0L, 2 * ((int)x.dim() - 2)), 0, padding]);
        return x.reshape(shape).permute(order).contiguous().to(ScalarType.Float32).MoveToOuterDisposeScope();
    }
}
