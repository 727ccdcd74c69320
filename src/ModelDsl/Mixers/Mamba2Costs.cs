using MmMamba.ModelDsl.Architecture;
using static MmMamba.ModelDsl.Architecture.CostQuantity;

namespace MmMamba.ModelDsl.Mixers;

/// <summary>What a Mamba-2 layer costs, and the chunks that its scan goes by.</summary>
public static class Mamba2Costs
{
    public static readonly CostUnit Step = new("B s", "Sequences that go one token on, s = 1 where T = 1, else 0.",
        (pass, _) => pass.Tokens == 1 ? pass.Batch : 0);

    public static readonly CostUnit ChunkPair = new("B c l²", "Pairs of tokens within a chunk.", Chunked((chunks, length) => chunks * length * length));

    public static readonly CostUnit ChunkToken = new("B c l", "Tokens of all chunks, the last one's padding included.", Chunked((chunks, length) => chunks * length));

    public static readonly CostUnit Boundary = new("B (c + 1)²", "Pairs of boundaries between chunks.", Chunked((chunks, _) => (chunks + 1) * (chunks + 1)));

    internal static IReadOnlyList<CostUnit> Units { get; } = [Step, ChunkPair, ChunkToken, Boundary];

    // The engine cuts T tokens into c = ceil(T / chunk) chunks of l = ceil(T / c); a single token goes the way of Step.
    static Func<Pass, ResolvedLayer?, decimal> Chunked(Func<decimal, decimal, decimal> count) => (pass, layer) =>
    {
        if (pass.Tokens <= 1 || layer?.Mixer is not ResolvedMamba2 mixer) return 0;
        var chunks = (pass.Tokens - 1) / mixer.Chunk + 1;
        return pass.Batch * count(chunks, (pass.Tokens - 1) / chunks + 1);
    };

    internal delegate CostTerm Maker(
        CostQuantity quantity, string name, CostUnit unit, string formula, string meaning, Func<ResolvedModel, ResolvedMamba2, decimal> coefficient, bool float32 = false);

    internal static IEnumerable<CostTerm> Terms(Maker term) =>
    [
        term(Flops, "mamba2.projections", CostUnit.Token, "2 h ((H + 2 G) d + H d [gate] + H)", "`v_proj`, `k_proj`, `q_proj`, `g_proj` where the gate is on, `in_proj` (dt).",
            (m, x) => 2m * m.Hidden * (x.Channels + (x.Gate ? x.Width : 0) + x.Heads)),
        term(Flops, "mamba2.conv", CostUnit.Token, "2 (H + 2 G) d K", "The taps of `conv1d`.", (_, x) => 2m * x.Channels * x.Conv),
        term(Flops, "ssd.scores", ChunkPair, "2 H d", "Queries times the keys of their chunk.", (_, x) => 2m * x.Width),
        term(Flops, "ssd.within", ChunkPair, "2 H d", "Decayed scores times the values of the chunk.", (_, x) => 2m * x.Width),
        term(Flops, "ssd.states", ChunkToken, "2 H d²", "What each chunk adds to the state.", (_, x) => 2m * x.Width * x.HeadDim),
        term(Flops, "ssd.boundaries", Boundary, "2 H d²", "States at the boundaries, from what the chunks before them added.", (_, x) => 2m * x.Width * x.HeadDim),
        term(Flops, "ssd.carried", ChunkToken, "2 H d²", "Queries times the state before their chunk.", (_, x) => 2m * x.Width * x.HeadDim),
        term(Flops, "ssd.update", Step, "2 H d²", "One token's value and key, added to the state.", (_, x) => 2m * x.Width * x.HeadDim),
        term(Flops, "ssd.read", Step, "2 H d²", "One token's query times the state.", (_, x) => 2m * x.Width * x.HeadDim),
        term(Flops, "mamba2.o_proj", CostUnit.Token, "2 H d h", "The output projection.", (m, x) => 2m * x.Width * m.Hidden),
        term(BytesRead, "read.ssm", CostUnit.Sequence, "H d²", "The state.", Ssm, float32: true),
        term(BytesRead, "read.conv", CostUnit.Sequence, "(H + 2 G) d (K - 1)", "The inputs that the convolution looks back on.", Conv),
        term(BytesHeld, "ssm", CostUnit.Sequence, "H d²", "`Mamba2State.Ssm`, float32 unless the model holds its states in bfloat16, whose rounding adds up over tokens.", Ssm, float32: true),
        term(BytesHeld, "conv", CostUnit.Sequence, "(H + 2 G) d (K - 1)", "`Mamba2State.Conv`.", Conv),
    ];

    static decimal Ssm(ResolvedModel _, ResolvedMamba2 mixer) => mixer.Width * mixer.HeadDim;
    static decimal Conv(ResolvedModel _, ResolvedMamba2 mixer) => mixer.Channels * Math.Max(0, mixer.Conv - 1);
}
