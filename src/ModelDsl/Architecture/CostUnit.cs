namespace MmMamba.ModelDsl.Architecture;

/// <summary>A pass through a model with caches, as far as its costs depend on it.</summary>
/// <param name="Tokens">Tokens of each sequence that the pass computes, from 1.</param>
/// <param name="Past">Tokens before them in the caches.</param>
/// <param name="Tiles">Tiles of pictures over the batch.</param>
/// <param name="Logits">Positions of each sequence that the head is applied to; 1 where only the next token is wanted.</param>
/// <param name="Batch">Sequences.</param>
/// <param name="ElementBytes">Bytes of an element of weights and activations: 2 for bfloat16, 4 for float32.</param>
public readonly record struct Pass(long Tokens, long Past = 0, long Tiles = 0, long Logits = 1, long Batch = 1, int ElementBytes = 2);

/// <summary>
/// What a cost grows with: a number that a pass has, and for chunks its layer too. A term is a coefficient of the model times its unit.
/// Numbers are decimals, exact far beyond 64 bits, so that no spec within the language's bounds overflows them.
/// </summary>
public sealed class CostUnit
{
    readonly Func<Pass, ResolvedLayer?, decimal> _of;

    CostUnit(string symbol, string meaning, Func<Pass, ResolvedLayer?, decimal> of) => (Symbol, Meaning, _of) = (symbol, meaning, of);

    /// <summary>How formulas write it.</summary>
    public string Symbol { get; }

    /// <summary>What it counts.</summary>
    public string Meaning { get; }

    /// <summary>The unit's number in a pass.</summary>
    /// <param name="layer">The layer that works, for units of chunks.</param>
    public decimal Of(Pass pass, ResolvedLayer? layer) => _of(pass, layer);

    public static readonly CostUnit Model = new("1", "The model, once.", (_, _) => 1);

    public static readonly CostUnit Tile = new("n", "Tiles of pictures.", (pass, _) => pass.Tiles);

    public static readonly CostUnit Sequence = new("B", "Sequences of the batch.", (pass, _) => pass.Batch);

    public static readonly CostUnit Token = new("B T", "Tokens that the pass computes.", (pass, _) => (decimal)pass.Batch * pass.Tokens);

    public static readonly CostUnit CachedToken = new("B S", "Tokens that the caches hold after the pass, S = past + T.",
        (pass, _) => pass.Batch * ((decimal)pass.Past + pass.Tokens));

    public static readonly CostUnit Logit = new("B R", "Positions that the head is applied to.", (pass, _) => (decimal)pass.Batch * pass.Logits);

    public static readonly CostUnit Pair = new("B P", "Queries with the keys that each sees, P = T past + T (T + 1) / 2.",
        (pass, _) => pass.Batch * ((decimal)pass.Tokens * pass.Past + (decimal)pass.Tokens * (pass.Tokens + 1) / 2));

    public static readonly CostUnit Step = new("B s", "Sequences that go one token on, s = 1 where T = 1, else 0.",
        (pass, _) => pass.Tokens == 1 ? pass.Batch : 0);

    public static readonly CostUnit ChunkPair = new("B c l²", "Pairs of tokens within a chunk.", Chunked((chunks, length) => chunks * length * length));

    public static readonly CostUnit ChunkToken = new("B c l", "Tokens of all chunks, the last one's padding included.", Chunked((chunks, length) => chunks * length));

    public static readonly CostUnit Boundary = new("B (c + 1)²", "Pairs of boundaries between chunks.", Chunked((chunks, _) => (chunks + 1) * (chunks + 1)));

    /// <summary>All units, in the order in which they are explained.</summary>
    public static IReadOnlyList<CostUnit> All { get; } =
        [Model, Tile, Sequence, Token, CachedToken, Logit, Pair, Step, ChunkPair, ChunkToken, Boundary];

    // The engine cuts T tokens into c = ceil(T / chunk) chunks of l = ceil(T / c); a single token goes the way of Step.
    static Func<Pass, ResolvedLayer?, decimal> Chunked(Func<decimal, decimal, decimal> count) => (pass, layer) =>
    {
        if (pass.Tokens == 1 || layer?.Mixer is not ResolvedMamba2 mixer) return 0;
        var chunks = (pass.Tokens + mixer.Chunk - 1) / mixer.Chunk;
        return pass.Batch * count(chunks, (pass.Tokens + chunks - 1) / chunks);
    };
}
