using System.Globalization;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;
using static MmMamba.ModelDsl.Architecture.CostQuantity;

namespace MmMamba.ModelDsl.Mixers;

/// <summary>Heads and rotary positions, for attention and for what takes its place.</summary>
/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key and value heads; divides <paramref name="Heads"/>.</param>
/// <param name="HeadDim">Width of a head.</param>
/// <param name="RopeTheta">Base of the rotary embedding's wavelengths.</param>
/// <param name="MaxPositions">Positions up to which the rotary embedding is plain.</param>
/// <param name="DynamicFactor">The factor of dynamic NTK scaling past <paramref name="MaxPositions"/>; null keeps it plain.</param>
public sealed record AttentionSpec(int Heads, int KvHeads, int HeadDim, decimal RopeTheta, int MaxPositions, decimal? DynamicFactor) : MixerSpec
{
    /// <summary>Whether a student's layers scale their positions too; by itself they keep them plain, as released.</summary>
    public bool RetainsDynamic { get; init; }
}

/// <summary>Causal attention over all tokens.</summary>
/// <param name="RopeTheta">Base of the rotary embedding's wavelengths.</param>
/// <param name="MaxPositions">Positions up to which the rotary embedding is plain.</param>
/// <param name="DynamicFactor">The factor of dynamic NTK scaling past <paramref name="MaxPositions"/>; null keeps it plain.</param>
public sealed record ResolvedAttention(int Heads, int KvHeads, int HeadDim, decimal RopeTheta, int MaxPositions, decimal? DynamicFactor)
    : ResolvedMixer(Heads, KvHeads, HeadDim)
{
    /// <summary>The attention of a layer. What a student keeps has plain rotary positions, as released, unless its spec retains the scaling.</summary>
    internal static ResolvedAttention Of(AttentionSpec spec, bool student) =>
        new(spec.Heads, spec.KvHeads, spec.HeadDim, spec.RopeTheta, spec.MaxPositions, student && !spec.RetainsDynamic ? null : spec.DynamicFactor);

    /// <inheritdoc/>
    public override MixerKind Kind => MixerKinds.Attention;

    /// <inheritdoc/>
    public override IEnumerable<(string Name, object? Value)> Settings =>
        [("rope_theta", RopeTheta), ("max_positions", MaxPositions), ("dynamic_factor", DynamicFactor)];

    /// <inheritdoc/>
    public override string Text => $"rope theta {CanonicalNumber.Of(RopeTheta)}, " + (DynamicFactor is { } factor
        ? FormattableString.Invariant($"dynamic {CanonicalNumber.Of(factor)} past {MaxPositions}")
        : "plain");

    internal override IEnumerable<(string Path, string? Value)> Facts => AttentionKind.Rope(RopeTheta, MaxPositions, DynamicFactor);

    internal override IEnumerable<object?> Identity => ["rope", RopeTheta, MaxPositions, DynamicFactor];

    internal override IEnumerable<MixerTensor> Tensors(int hidden) =>
    [
        new("wqkv.weight", [(long)Channels, hidden], TensorGroup.Qkv, TensorRole.Weight),
        new("wo.weight", [hidden, (long)Width], TensorGroup.Output, TensorRole.OutputWeight),
    ];
}

sealed class AttentionKind() : MixerKind(
    "attention", "Attention", "attention", marks: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", cache: "KvCache", keeps: "keys and values of attention layers")
{
    internal const string DynamicPath = "attention.rope.dynamic", RetainedPath = "attention.rope.retained";

    internal const string PlainStudent = "the attention that a student keeps has plain positions unless `retained` is `dynamic`", NoFactor = "`dynamic` gives no factor", OnlyStudent = "only a student retains attention";

    const string Dynamic = "dynamic";

    internal override KeyShape Key { get; } = new("attention", new MappingShape(
        new("heads", new IntegerShape(1, 1024), true, Says: "Query heads."),
        new("kv_heads", new IntegerShape(1, 1024), true, Says: "Key and value heads; each serves heads / kv_heads query heads."),
        new("head_dim", new IntegerShape(2, 1024), true, Says: "Width of a head, an even number."),
        new("rope", new MappingShape(
            new("theta", new NumberShape(1, 1e12m), true, Says: "Base of the wavelengths."),
            new("max_positions", new IntegerShape(1, 16_777_216), Says: "Positions up to which the embedding is plain; 32768 if left out."),
            new("dynamic", new NumberShape(1, 1000), Says: "Factor of dynamic NTK scaling past `max_positions`; left out: none."),
            new("retained", new WordShape("plain", Dynamic), Says: "Positions of the attention that a student keeps: `plain`, as released, or `dynamic`, with that factor, as in its training; `plain` if left out.")),
            true, Says: "Rotary position embedding.")),
        true, Says: "Heads and rotary positions; the other mixers take their heads from here, a sliding window its positions too.");

    internal override string SaysPlacement => "The layers that keep attention.";

    internal override string Phrase => "keeps attention";

    internal override MixerSpec Read(MappingNode? settings)
    {
        var rope = (MappingNode)settings!.Get("rope")!;
        return new AttentionSpec(
            ModelBinder.Integer(settings.Get("heads")!), ModelBinder.Integer(settings.Get("kv_heads")!), ModelBinder.Integer(settings.Get("head_dim")!),
            ModelBinder.Number(rope.Get("theta")!),
            rope.Get("max_positions") is { } positions ? ModelBinder.Integer(positions) : 32_768,
            rope.Get("dynamic") is { } dynamic ? ModelBinder.Number(dynamic) : null)
        {
            RetainsDynamic = Retains(rope),
        };
    }

    /// <summary>Whether the rotary positions that are written say that a student retains their scaling.</summary>
    internal static bool Retains(MappingNode? rope) => RetainsValue(rope?.Get("retained"));

    internal static bool RetainsValue(Node? value) => ModelBinder.Text(value) == Dynamic;

    internal override IEnumerable<(string Path, string? Value)> Values(LayerSettings layer)
    {
        var own = layer.Of<AttentionSpec>();
        return
        [
            ("attention.heads", Whole(own.Heads)), ("attention.kv_heads", Whole(own.KvHeads)), ("attention.head_dim", Whole(own.HeadDim)),
            .. Rope(own.RopeTheta, own.MaxPositions, own.DynamicFactor), (RetainedPath, own.RetainsDynamic ? Dynamic : null),
        ];
    }

    public static IEnumerable<(string Path, string? Value)> Rope(decimal theta, int positions, decimal? dynamic) =>
    [
        ("attention.rope.theta", CanonicalValue.Of(theta)), ("attention.rope.max_positions", Whole(positions)),
        (DynamicPath, dynamic is { } factor ? CanonicalValue.Of(factor) : null),
    ];

    static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);

    internal override ResolvedMixer Resolve(LayerSettings layer, bool student) => ResolvedAttention.Of(layer.Of<AttentionSpec>(), student);

    internal override IEnumerable<CostTerm> Costs =>
    [
        Term<ResolvedAttention>(Flops, "attention.wqkv", CostUnit.Token, "2 h (H + 2 G) d", "The fused projection.", (m, a) => 2m * m.Hidden * a.Channels),
        Term<ResolvedAttention>(Flops, "attention.scores", CostUnit.Pair, "2 H d", "Queries times the keys that they see.", (_, a) => 2m * a.Width),
        Term<ResolvedAttention>(Flops, "attention.values", CostUnit.Pair, "2 H d", "Weights times the values of those keys.", (_, a) => 2m * a.Width),
        Term<ResolvedAttention>(Flops, "attention.wo", CostUnit.Token, "2 H d h", "The output projection.", (m, a) => 2m * a.Width * m.Hidden),
        Term<ResolvedAttention>(BytesRead, "read.kv", CostUnit.CachedToken, "2 G d", "Keys and values of all tokens so far, this one's included.", (_, a) => a.KeyAndValue),
        Term<ResolvedAttention>(BytesHeld, "kv", CostUnit.CachedToken, "2 G d", "`KvCache`: keys and values of the tokens that it has room for.", (_, a) => a.KeyAndValue),
    ];
}
