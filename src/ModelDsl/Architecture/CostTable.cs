using MmMamba.ModelDsl.Mixers;
using static MmMamba.ModelDsl.Architecture.CostQuantity;
using Unit = MmMamba.ModelDsl.Architecture.CostUnit;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>
/// The one table of costs, to which every mixer brings its own rows. Every row is a tensor, an allocation, or a matrix product or kernel of
/// the engine; nothing is fitted. docs/costs.md is rendered from here, and the engine's counter is held against it.
/// </summary>
public static class CostTable
{
    static readonly List<CostTerm> Rows =
    [
        Model(Flops, "vision.patch", Unit.Tile, "2 g² 3 p² h", "The convolution of a tile's patches.",
            m => 2m * Side(m) * Side(m) * 3 * m.Vision.Patch * m.Vision.Patch * m.Hidden),
        Model(Flops, "projector.0", Unit.Tile, "2 t (m h) h", "The projector's first layer over the tokens of a tile.", m => 2m * m.TokensPerTile * Merged(m) * m.Hidden * m.Hidden),
        Model(Flops, "projector.2", Unit.Tile, "2 t h h", "The projector's second layer.", m => 2m * m.TokensPerTile * m.Hidden * m.Hidden),
        .. Mixers(Flops),
        Layer(Flops, "mlp.w1", Unit.Token, "2 h I", "The MLP's gate.", (m, layer) => 2m * m.Hidden * layer.MlpHidden),
        Layer(Flops, "mlp.w3", Unit.Token, "2 h I", "The MLP's inner values.", (m, layer) => 2m * m.Hidden * layer.MlpHidden),
        Layer(Flops, "mlp.w2", Unit.Token, "2 I h", "The MLP's output.", (m, layer) => 2m * m.Hidden * layer.MlpHidden),
        Model(Flops, "head", Unit.Logit, "2 h V", "The logits of a position.", m => 2m * m.Hidden * m.Tokens.Vocab),

        Model(BytesRead, "read.embedding", Unit.Sequence, "h", "The token's row of `llm_text_embeddings`.", m => m.Hidden),
        Layer(BytesRead, "read.layers", Unit.Model, "tensors", "All tensors of the layers.", LayerElements),
        Model(BytesRead, "read.head", Unit.Model, "h + V h", "The last norm and the head.", m => m.Hidden + (decimal)m.Tokens.Vocab * m.Hidden),
        .. Mixers(BytesRead),

        new(BytesHeld, "weights", "all tensors", Unit.Model, "tensors", "Every tensor of the model, used by the pass or not.", false,
            (m, layer) => layer is null ? Elements(m.Tensors.Where(tensor => tensor.Layer < 0)) : LayerElements(m, layer)),
        .. Mixers(BytesHeld),
    ];

    /// <summary>All terms: operations in the order of the pass, then bytes.</summary>
    public static IReadOnlyList<CostTerm> All => Rows;

    static IEnumerable<CostTerm> Mixers(CostQuantity quantity) => MixerKinds.All.SelectMany(kind => kind.Costs).Where(term => term.Quantity == quantity);

    static CostTerm Model(CostQuantity quantity, string name, Unit unit, string formula, string meaning, Func<ResolvedModel, decimal> coefficient) =>
        new(quantity, name, "model", unit, formula, meaning, false, (model, layer) => layer is null ? coefficient(model) : 0);

    static CostTerm Layer(CostQuantity quantity, string name, Unit unit, string formula, string meaning, Func<ResolvedModel, ResolvedLayer, decimal> coefficient) =>
        new(quantity, name, "every layer", unit, formula, meaning, false, (model, layer) => layer is null ? 0 : coefficient(model, layer));

    static decimal LayerElements(ResolvedModel model, ResolvedLayer layer) => Elements(model.Tensors.Where(tensor => tensor.Layer == layer.Index));
    static decimal Elements(IEnumerable<ResolvedTensor> tensors) => tensors.Aggregate(0m, (sum, tensor) => sum + tensor.Size);
    static decimal Side(ResolvedModel model) => model.Vision.Image / model.Vision.Patch;
    static decimal Merged(ResolvedModel model) => Side(model) * Side(model) / model.TokensPerTile;
}
