using static MmMamba.ModelDsl.Architecture.CostQuantity;
using Unit = MmMamba.ModelDsl.Architecture.CostUnit;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>
/// The one table of costs. Every row is a tensor, an allocation, or a matrix product or kernel of the engine; nothing is fitted.
/// docs/costs.md is rendered from here, and the engine's counter is held against it.
/// </summary>
public static class CostTable
{
    static readonly List<CostTerm> Rows =
    [
        Model(Flops, "vision.patch", Unit.Tile, "2 g² 3 p² h", "The convolution of a tile's patches.",
            m => 2m * Side(m) * Side(m) * 3 * m.Vision.Patch * m.Vision.Patch * m.Hidden),
        Model(Flops, "projector.0", Unit.Tile, "2 t (m h) h", "The projector's first layer over the tokens of a tile.", m => 2m * m.TokensPerTile * Merged(m) * m.Hidden * m.Hidden),
        Model(Flops, "projector.2", Unit.Tile, "2 t h h", "The projector's second layer.", m => 2m * m.TokensPerTile * m.Hidden * m.Hidden),
        Attention("attention.wqkv", Unit.Token, "2 h (H + 2 G) d", "The fused projection.", (m, a) => 2m * m.Hidden * Channels(a)),
        Attention("attention.scores", Unit.Pair, "2 H d", "Queries times the keys that they see.", (_, a) => 2m * Width(a)),
        Attention("attention.values", Unit.Pair, "2 H d", "Weights times the values of those keys.", (_, a) => 2m * Width(a)),
        Attention("attention.wo", Unit.Token, "2 H d h", "The output projection.", (m, a) => 2m * Width(a) * m.Hidden),
        Mamba2("mamba2.projections", Unit.Token, "2 h ((H + 2 G) d + H d [gate] + H)", "`v_proj`, `k_proj`, `q_proj`, `g_proj` where the gate is on, `in_proj` (dt).",
            (m, x) => 2m * m.Hidden * (Channels(x) + (x.Gate ? Width(x) : 0) + x.Heads)),
        Mamba2("mamba2.conv", Unit.Token, "2 (H + 2 G) d K", "The taps of `conv1d`.", (_, x) => 2m * Channels(x) * x.Conv),
        Mamba2("ssd.scores", Unit.ChunkPair, "2 H d", "Queries times the keys of their chunk.", (_, x) => 2m * Width(x)),
        Mamba2("ssd.within", Unit.ChunkPair, "2 H d", "Decayed scores times the values of the chunk.", (_, x) => 2m * Width(x)),
        Mamba2("ssd.states", Unit.ChunkToken, "2 H d²", "What each chunk adds to the state.", (_, x) => 2m * Width(x) * x.HeadDim),
        Mamba2("ssd.boundaries", Unit.Boundary, "2 H d²", "States at the boundaries, from what the chunks before them added.", (_, x) => 2m * Width(x) * x.HeadDim),
        Mamba2("ssd.carried", Unit.ChunkToken, "2 H d²", "Queries times the state before their chunk.", (_, x) => 2m * Width(x) * x.HeadDim),
        Mamba2("ssd.update", Unit.Step, "2 H d²", "One token's value and key, added to the state.", (_, x) => 2m * Width(x) * x.HeadDim),
        Mamba2("ssd.read", Unit.Step, "2 H d²", "One token's query times the state.", (_, x) => 2m * Width(x) * x.HeadDim),
        Mamba2("mamba2.o_proj", Unit.Token, "2 H d h", "The output projection.", (m, x) => 2m * Width(x) * m.Hidden),
        Layer(Flops, "mlp.w1", Unit.Token, "2 h I", "The MLP's gate.", (m, layer) => 2m * m.Hidden * layer.MlpHidden),
        Layer(Flops, "mlp.w3", Unit.Token, "2 h I", "The MLP's inner values.", (m, layer) => 2m * m.Hidden * layer.MlpHidden),
        Layer(Flops, "mlp.w2", Unit.Token, "2 I h", "The MLP's output.", (m, layer) => 2m * m.Hidden * layer.MlpHidden),
        Model(Flops, "head", Unit.Logit, "2 h V", "The logits of a position.", m => 2m * m.Hidden * m.Tokens.Vocab),

        Model(BytesRead, "read.embedding", Unit.Sequence, "h", "The token's row of `llm_text_embeddings`.", m => m.Hidden),
        Layer(BytesRead, "read.layers", Unit.Model, "tensors", "All tensors of the layers.", LayerElements),
        Model(BytesRead, "read.head", Unit.Model, "h + V h", "The last norm and the head.", m => m.Hidden + (decimal)m.Tokens.Vocab * m.Hidden),
        Mixer<ResolvedAttention>(BytesRead, "attention", "read.kv", Unit.CachedToken, "2 G d", "Keys and values of all tokens so far, this one's included.", Kv),
        Mixer<ResolvedMamba2>(BytesRead, "mamba2", "read.ssm", Unit.Sequence, "H d²", "The state.", Ssm, float32: true),
        Mixer<ResolvedMamba2>(BytesRead, "mamba2", "read.conv", Unit.Sequence, "(H + 2 G) d (K - 1)", "The inputs that the convolution looks back on.", Conv),

        new(BytesHeld, "weights", "all tensors", Unit.Model, "tensors", "Every tensor of the model, used by the pass or not.", false,
            (m, layer) => layer is null ? Elements(m.Tensors.Where(tensor => tensor.Layer < 0)) : LayerElements(m, layer)),
        Mixer<ResolvedAttention>(BytesHeld, "attention", "kv", Unit.CachedToken, "2 G d", "`KvCache`: keys and values of the tokens that it has room for.", Kv),
        Mixer<ResolvedMamba2>(BytesHeld, "mamba2", "ssm", Unit.Sequence, "H d²", "`Mamba2State.Ssm`, float32 always: rounding would add up over tokens.", Ssm, float32: true),
        Mixer<ResolvedMamba2>(BytesHeld, "mamba2", "conv", Unit.Sequence, "(H + 2 G) d (K - 1)", "`Mamba2State.Conv`.", Conv),
    ];

    /// <summary>All terms: operations in the order of the pass, then bytes.</summary>
    public static IReadOnlyList<CostTerm> All => Rows;

    static CostTerm Model(CostQuantity quantity, string name, Unit unit, string formula, string meaning, Func<ResolvedModel, decimal> coefficient) =>
        new(quantity, name, "model", unit, formula, meaning, false, (model, layer) => layer is null ? coefficient(model) : 0);

    static CostTerm Layer(CostQuantity quantity, string name, Unit unit, string formula, string meaning, Func<ResolvedModel, ResolvedLayer, decimal> coefficient) =>
        new(quantity, name, "every layer", unit, formula, meaning, false, (model, layer) => layer is null ? 0 : coefficient(model, layer));

    static CostTerm Attention(string name, Unit unit, string formula, string meaning, Func<ResolvedModel, ResolvedAttention, decimal> coefficient) =>
        Mixer(Flops, "attention", name, unit, formula, meaning, coefficient);

    static CostTerm Mamba2(string name, Unit unit, string formula, string meaning, Func<ResolvedModel, ResolvedMamba2, decimal> coefficient) =>
        Mixer(Flops, "mamba2", name, unit, formula, meaning, coefficient);

    static CostTerm Mixer<T>(
        CostQuantity quantity, string where, string name, Unit unit, string formula, string meaning, Func<ResolvedModel, T, decimal> coefficient, bool float32 = false)
        where T : ResolvedMixer =>
        new(quantity, name, where, unit, formula, meaning, float32, (model, layer) => layer?.Mixer is T mixer ? coefficient(model, mixer) : 0);

    static decimal Width(ResolvedMixer mixer) => (decimal)mixer.Heads * mixer.HeadDim;
    static decimal Channels(ResolvedMixer mixer) => (mixer.Heads + 2m * mixer.KvHeads) * mixer.HeadDim;
    static decimal Kv(ResolvedModel _, ResolvedMixer mixer) => 2m * mixer.KvHeads * mixer.HeadDim;
    static decimal Ssm(ResolvedModel _, ResolvedMamba2 mixer) => Width(mixer) * mixer.HeadDim;
    static decimal Conv(ResolvedModel _, ResolvedMamba2 mixer) => Channels(mixer) * Math.Max(0, mixer.Conv - 1);
    static decimal LayerElements(ResolvedModel model, ResolvedLayer layer) => Elements(model.Tensors.Where(tensor => tensor.Layer == layer.Index));
    static decimal Elements(IEnumerable<ResolvedTensor> tensors) => tensors.Aggregate(0m, (sum, tensor) => sum + tensor.Size);
    static decimal Side(ResolvedModel model) => model.Vision.Image / model.Vision.Patch;
    static decimal Merged(ResolvedModel model) => Side(model) * Side(model) / model.TokensPerTile;
}
