using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>
/// What a model costs: the terms of <see cref="CostTable"/>, summed over its layers. Nothing here is measured or fitted. Lengths are in
/// tokens of each sequence; an element has 2 bytes in bfloat16 and 4 in float32. Every number is exact; one beyond 96 bits is refused with an
/// <see cref="OverflowException"/>, a negative length or batch with an <see cref="ArgumentOutOfRangeException"/>.
/// </summary>
public sealed class Costs
{
    readonly ResolvedModel _model;
    readonly Dictionary<CostTerm, (decimal Outside, decimal[] Layers)> _coefficients = [];

    Costs(ResolvedModel model)
    {
        _model = model;
        foreach (var term in CostTable.All)
            _coefficients.Add(term, (term.Coefficient(model, null), [.. model.Layers.Select(layer => term.Coefficient(model, layer))]));
    }

    /// <summary>The lengths, in tokens, at which costs are shown everywhere: a short prompt, and the paper's longest (103K, figure 1).</summary>
    public static EquatableArray<int> Lengths { get; } = [1_024, 103_424];

    /// <summary>The costs of a model.</summary>
    public static Costs Of(ResolvedModel model) => new(model);

    /// <summary>The terms of a quantity in a pass, as far as they are not zero.</summary>
    public IEnumerable<CostLine> Lines(CostQuantity quantity, Pass pass) =>
        CostTable.All.Where(term => term.Quantity == quantity).Select(term => Line(term, pass)).Where(line => line.Total != 0);

    /// <summary>The sum of a quantity's terms in a pass.</summary>
    public decimal Total(CostQuantity quantity, Pass pass) => Sum(pass, term => term.Quantity == quantity);

    /// <summary>What one of a unit costs over the model: operations, or elements of the one kind or the other.</summary>
    /// <param name="float32">Whether of elements those are wanted that are float32 whatever the weights are.</param>
    /// <param name="layers">The layers that are counted; null counts all, and what is no layer's.</param>
    public decimal Coefficient(CostQuantity quantity, CostUnit unit, bool float32 = false, Func<ResolvedLayer, bool>? layers = null)
    {
        var sum = 0m;
        foreach (var (term, (outside, byLayer)) in _coefficients.Select(entry => (entry.Key, entry.Value)))
        {
            if (term.Quantity != quantity || term.Unit != unit || term.Float32 != float32) continue;
            if (layers is null) sum += outside;
            for (var i = 0; i < byLayer.Length; i++)
                if (layers?.Invoke(_model.Layers[i]) ?? true) sum += byLayer[i];
        }
        return sum;
    }

    /// <summary>Operations of reading a prompt into empty caches, with the head at its last position.</summary>
    public decimal PrefillFlops(long tokens, long tiles = 0, long batch = 1) => Total(CostQuantity.Flops, new(tokens, Tiles: tiles, Batch: batch));

    /// <summary>Operations of the next token after so many.</summary>
    public decimal DecodeFlops(long tokens, long batch = 1) => Total(CostQuantity.Flops, new(1, Past: tokens, Batch: batch));

    /// <summary>Bytes that the next token after so many reads: the weights that it passes through once, and all that the caches hold.</summary>
    public decimal DecodeBytesRead(long tokens, int elementBytes, long batch = 1, int stateElementBytes = 4) =>
        Total(CostQuantity.BytesRead, new(1, Past: tokens, Batch: batch, ElementBytes: elementBytes, StateElementBytes: stateElementBytes));

    /// <summary>Bytes of the weights.</summary>
    public decimal WeightBytes(int elementBytes) =>
        Sum(new(1, ElementBytes: elementBytes), term => term.Quantity == CostQuantity.BytesHeld && term.Unit == CostUnit.Model);

    /// <summary>Bytes of the caches that grow with the length.</summary>
    public decimal KvBytes(long tokens, int elementBytes, long batch = 1) =>
        Sum(new(tokens, Batch: batch, ElementBytes: elementBytes), term => term.Quantity == CostQuantity.BytesHeld && Grows(term));

    /// <summary>Bytes of the states, which are the same at any length.</summary>
    public decimal StateBytes(int elementBytes, long batch = 1, int stateElementBytes = 4) =>
        Sum(new(1, Batch: batch, ElementBytes: elementBytes, StateElementBytes: stateElementBytes), term => term.Quantity == CostQuantity.BytesHeld && term.Unit == CostUnit.Sequence);

    /// <summary>Bytes of all that the sequences keep: <see cref="KvBytes"/> and <see cref="StateBytes"/>.</summary>
    public decimal CacheBytes(long tokens, int elementBytes, long batch = 1, int stateElementBytes = 4) =>
        KvBytes(tokens, elementBytes, batch) + StateBytes(elementBytes, batch, stateElementBytes);

    static bool Grows(CostTerm term) => term.Unit != CostUnit.Model && term.Unit != CostUnit.Sequence;

    decimal Sum(Pass pass, Func<CostTerm, bool> counted) => CostTable.All.Where(counted).Sum(term => Line(term, pass).Total);

    CostLine Line(CostTerm term, Pass pass)
    {
        if (pass is not { Tokens: >= 0, Past: >= 0, Tiles: >= 0, Logits: >= 0, Batch: >= 0 })
            throw new ArgumentOutOfRangeException(nameof(pass), pass, "No number of a pass is negative.");
        var (outside, byLayer) = _coefficients[term];
        var layers = byLayer.Select((coefficient, i) => coefficient == 0 ? 0 : coefficient * term.Scale(_model.Layers[i], pass)).ToEquatableArray();
        return new(term, (outside == 0 ? 0 : outside * term.Scale(null, pass)) + layers.Sum(), layers);
    }
}
