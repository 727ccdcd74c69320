using MmMamba.ModelDsl.Mixers;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>A pass through a model with caches, as far as its costs depend on it.</summary>
/// <param name="Tokens">Tokens of each sequence that the pass computes; 0 for the caches before any.</param>
/// <param name="Past">Tokens before them in the caches.</param>
/// <param name="Tiles">Tiles of pictures over the batch.</param>
/// <param name="Logits">Positions of each sequence that the head is applied to; 1 where only the next token is wanted.</param>
/// <param name="Batch">Sequences.</param>
/// <param name="ElementBytes">Bytes of an element of weights and activations: 2 for bfloat16, 4 for float32.</param>
/// <param name="StateElementBytes">Bytes of an element of the states, which are float32 unless they are held in bfloat16.</param>
public readonly record struct Pass(long Tokens, long Past = 0, long Tiles = 0, long Logits = 1, long Batch = 1, int ElementBytes = 2, int StateElementBytes = 4);

/// <summary>
/// What a cost grows with: a number that a pass has, and for some its layer too. A term is a coefficient of the model times its unit.
/// Numbers are decimals, exact far beyond 64 bits, so that no spec within the language's bounds overflows them.
/// </summary>
public sealed class CostUnit
{
    readonly Func<Pass, ResolvedLayer?, decimal> _of;

    internal CostUnit(string symbol, string meaning, Func<Pass, ResolvedLayer?, decimal> of) => (Symbol, Meaning, _of) = (symbol, meaning, of);

    /// <summary>How formulas write it.</summary>
    public string Symbol { get; }

    /// <summary>What it counts.</summary>
    public string Meaning { get; }

    /// <summary>The unit's number in a pass.</summary>
    /// <param name="layer">The layer that works, for units that its mixer decides.</param>
    public decimal Of(Pass pass, ResolvedLayer? layer) => _of(pass, layer);

    public static readonly CostUnit Model = new("1", "The model, once.", (_, _) => 1);

    public static readonly CostUnit Tile = new("n", "Tiles of pictures.", (pass, _) => pass.Tiles);

    public static readonly CostUnit Sequence = new("B", "Sequences of the batch.", (pass, _) => pass.Batch);

    public static readonly CostUnit Token = new("B T", "Tokens that the pass computes.", (pass, _) => (decimal)pass.Batch * pass.Tokens);

    public static readonly CostUnit CachedToken = new("B S", "Tokens that the caches hold after the pass, S = past + T.",
        (pass, _) => pass.Batch * ((decimal)pass.Past + pass.Tokens));

    public static readonly CostUnit Logit = new("B R", "Positions that the head is applied to.", (pass, _) => (decimal)pass.Batch * pass.Logits);

    public static readonly CostUnit Pair = new("B P", "Queries with the keys that each sees, P = T past + T (T + 1) / 2.",
        (pass, _) => pass.Batch * ((decimal)pass.Tokens * pass.Past + (decimal)pass.Tokens * ((decimal)pass.Tokens + 1) / 2));

    /// <summary>All units, in the order in which they are explained: those that every model has, then those of single mixers.</summary>
    public static IReadOnlyList<CostUnit> All =>
        [Model, Tile, Sequence, Token, CachedToken, Logit, Pair, .. MixerKinds.All.SelectMany(kind => kind.Units)];
}
