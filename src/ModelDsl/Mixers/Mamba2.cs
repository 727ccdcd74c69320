using System.Globalization;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Mixers;

/// <summary>The switches of the Mamba-2 mixer; its heads are the attention's that it replaces.</summary>
/// <param name="Conv">Taps of the causal depthwise convolution over values, keys and queries; 0 leaves it out.</param>
/// <param name="Chunk">Tokens a chunk of the SSD scan.</param>
/// <param name="Gate">Multiply the output by SiLU of a projection of the input.</param>
/// <param name="GateNorm">RMS-normalise each head's output before the gate.</param>
/// <param name="Decay">Learn A; otherwise it is -1.</param>
/// <param name="Skip">Add D times the value to the output.</param>
/// <param name="QkNorm">LayerNorm on each head's query and key.</param>
public sealed record Mamba2Spec(int Conv, int Chunk, bool Gate, bool GateNorm, bool Decay, bool Skip, bool QkNorm) : MixerSpec;

/// <summary>A Mamba-2 mixer with the heads of the attention that it replaces.</summary>
/// <param name="NormEps">Epsilon of its own norms.</param>
/// <inheritdoc cref="Mamba2Spec"/>
public sealed record ResolvedMamba2(
    int Heads, int KvHeads, int HeadDim, int Conv, int Chunk, bool Gate, bool GateNorm, bool Decay, bool Skip, bool QkNorm, decimal NormEps)
    : ResolvedMixer(Heads, KvHeads, HeadDim)
{
    /// <inheritdoc/>
    public override MixerKind Kind => MixerKinds.Mamba2;

    /// <inheritdoc/>
    public override IEnumerable<(string Name, object? Value)> Settings =>
    [
        ("conv", Conv), ("chunk", Chunk), ("gate", Gate), ("gate_norm", GateNorm), ("decay", Decay), ("skip", Skip), ("qk_norm", QkNorm), ("norm_eps", NormEps),
    ];

    /// <inheritdoc/>
    public override string Text => (Conv > 0 ? FormattableString.Invariant($"conv {Conv}") : "no conv")
        + FormattableString.Invariant($", chunk {Chunk}") + Switch(Gate, "gate") + Switch(GateNorm, "gate_norm") + Switch(Decay, "decay")
        + (Skip ? ", skip" : "") + (QkNorm ? ", qk_norm" : "");

    static string Switch(bool on, string name) => on ? ", " + name : ", no " + name;

    // By the engine's own kernels: the input of the projections and what they give, of which all else is made again where the input learns too, so that all layers' are kept at once; else also
    // the convolution's output and the states before chunks of 64 tokens. By plain operations, which take heads of other widths and qk_norm:
    // the input of the projections; the convolution's input and output; queries, keys and values in float32. Within chunks of l tokens: decays, scores and their
    // product for each pair; values times dt, values times what is left of their chunk, and what was carried; states of the chunks and at their boundaries.
    // Then the norm's input and output and the three factors of the gate.
    internal override decimal KeptPerToken(int hidden, long length, bool inputLearns)
    {
        const int bfloat16 = 2, float32 = 4;
        if (!QkNorm && HeadDim % 16 == 0 && HeadDim <= 128)
            return bfloat16 * (hidden + Channels + (Gate ? Width : 0) + Heads + (inputLearns ? 0 : Channels + (decimal)Width * HeadDim / 64));
        var l = Math.Max(1, Math.Min(Chunk, length));
        var scan = Channels + 3m * Heads * l + 3 * Width + 2 * Width * HeadDim / l;
        return bfloat16 * (hidden + 2 * Channels) + float32 * (scan + (GateNorm ? 2 : 0) * Width + (Gate ? 3 : 0) * Width);
    }

    internal override IEnumerable<(string Path, string? Value)> Facts => Mamba2Kind.Values(new Mamba2Spec(Conv, Chunk, Gate, GateNorm, Decay, Skip, QkNorm));

    // Not the chunk, which changes the scan's order of work only.
    internal override IEnumerable<object?> Identity =>
        ["conv", Conv, "gate", Gate, "gate_norm", GateNorm, "decay", Decay, "skip", Skip, "qk_norm", QkNorm, "norm", NormEps];

    internal override IEnumerable<MixerTensor> Tensors(int hidden)
    {
        var (heads, kvHeads, width) = ((long)Heads, (long)KvHeads, (long)HeadDim);
        var channels = (heads + 2 * kvHeads) * width;
        yield return new("q_proj.weight", [heads * width, hidden], TensorGroup.Query, TensorRole.Weight);
        yield return new("k_proj.weight", [kvHeads * width, hidden], TensorGroup.Key, TensorRole.Weight);
        yield return new("v_proj.weight", [kvHeads * width, hidden], TensorGroup.Value, TensorRole.Weight);
        yield return new("o_proj.weight", [hidden, heads * width], TensorGroup.Output, TensorRole.OutputWeight);
        if (Gate) yield return new("g_proj.weight", [heads * width, hidden], TensorGroup.Gate, TensorRole.Weight);
        yield return new("in_proj.weight", [heads, hidden], TensorGroup.Dt, TensorRole.Weight);
        if (Conv > 0)
        {
            yield return new("conv1d.weight", [channels, 1, Conv], TensorGroup.Conv, TensorRole.ConvWeight);
            yield return new("conv1d.bias", [channels], TensorGroup.Conv, TensorRole.ConvBias);
        }
        if (GateNorm) yield return new("g_norm.weight", [width], TensorGroup.GateNorm, TensorRole.Scale);
        yield return new("dt_bias", [heads], TensorGroup.DtBias, TensorRole.DtBias);
        if (Decay) yield return new("A_log_bias", [heads], TensorGroup.Decay, TensorRole.DecayLog);
        if (Skip) yield return new("D", [heads], TensorGroup.Skip, TensorRole.Scale);
        if (!QkNorm) yield break;
        yield return new("q_norm.weight", [width], TensorGroup.QkNorm, TensorRole.Scale);
        yield return new("q_norm.bias", [width], TensorGroup.QkNorm, TensorRole.Bias);
        yield return new("k_norm.weight", [width], TensorGroup.QkNorm, TensorRole.Scale);
        yield return new("k_norm.bias", [width], TensorGroup.QkNorm, TensorRole.Bias);
    }

    // What it shares with the attention that it replaces is copied or sliced, what it introduced is drawn.
    internal override TensorOrigin Transferred(TensorSlot slot, string at, SeedSpec seed)
    {
        if (slot.Group == TensorGroup.Output) return new Copied(at + "wo.weight");
        if (slot.Group > TensorGroup.Value) return Draws.Introduced(slot, this, seed);
        return seed.Kind == SeedKind.Scratch ? Draws.InverseRoot(slot.Shape[1]) : Slice(at + "wqkv.weight", slot.Group);
    }

    // wqkv is grouped by kv head: of each group's rows the queries that read it, then its key, then its value.
    Sliced Slice(string from, TensorGroup group)
    {
        var (queries, width) = (Heads / KvHeads * HeadDim, HeadDim);
        var stride = queries + 2 * width;
        return group switch
        {
            TensorGroup.Query => new(from, 0, queries, stride),
            TensorGroup.Key => new(from, queries, width, stride),
            _ => new(from, queries + width, width, stride),
        };
    }

    internal override Drawn FirstValue(TensorSlot slot) => Draws.Introduced(slot, this, new(SeedKind.Scratch, 1));
}

sealed class Mamba2Kind() : MixerKind(
    "mamba2", "Mamba2", "Mamba-2", marks: ".abcdefghijklmnopqrstuvxyz", cache: "Mamba2State", keeps: "states of Mamba-2 layers")
{
    /// <summary>Epsilon of the mixer's own norms, a constant of edition 1: the published code fixes it whatever the model's norms have.</summary>
    const decimal NormEps = 0.00001m;

    static readonly SwitchShape Switch = new();

    public override bool Converts => true;

    internal override KeyShape Key { get; } = new("mamba2", new MappingShape(
        new("conv", new IntegerShape(2, 8, offWord: true), Says: "Taps of the causal convolution over value, key and query; 2 if left out, `off` leaves it out."),
        new("chunk", new IntegerShape(1, 8192), Says: "Tokens a chunk of the scan: speed, not meaning; 128 if left out."),
        new("gate", Switch, Says: "Multiply the output by SiLU of a projection of the input; on if left out."),
        new("gate_norm", Switch, Says: "RMS-normalise each head's output before the gate; on if left out."),
        new("decay", Switch, Says: "Learn A, which is -1 otherwise; on if left out."),
        new("skip", Switch, Says: "Add D times the value to the output; off if left out."),
        new("qk_norm", Switch, Says: "LayerNorm on each head's query and key; off if left out.")),
        Says: "The Mamba-2 mixer's switches.");

    internal override string SaysPlacement => "The layers that mix with Mamba-2.";

    internal override string Phrase => "is Mamba-2";

    internal override IReadOnlyList<string> Members => ["ScanFlops", "Chunked"];

    // Heads, and no positions.
    internal override bool Reads(string path) =>
        base.Reads(path) || (MixerKinds.Owner(path) == MixerKinds.Attention && !path.StartsWith("attention.rope", StringComparison.Ordinal));

    internal override MixerSpec Read(MappingNode? settings)
    {
        bool On(string key, bool otherwise) => settings?.Get(key) is { } node ? Scalars.Switch(node)!.Value : otherwise;
        return new Mamba2Spec(
            settings?.Get("conv") is { } conv ? Scalars.IsOff(conv) ? 0 : ModelBinder.Integer(conv) : 2,
            settings?.Get("chunk") is { } chunk ? ModelBinder.Integer(chunk) : 128,
            On("gate", true), On("gate_norm", true), On("decay", true), On("skip", false), On("qk_norm", false));
    }

    internal override IEnumerable<(string Path, string? Value)> Values(LayerSettings layer) => Values(layer.Of<Mamba2Spec>());

    public static IEnumerable<(string Path, string? Value)> Values(Mamba2Spec spec) =>
    [
        ("mamba2.conv", spec.Conv == 0 ? "off" : spec.Conv.ToString(CultureInfo.InvariantCulture)),
        ("mamba2.chunk", spec.Chunk.ToString(CultureInfo.InvariantCulture)),
        ("mamba2.gate", CanonicalValue.Of(spec.Gate)), ("mamba2.gate_norm", CanonicalValue.Of(spec.GateNorm)),
        ("mamba2.decay", CanonicalValue.Of(spec.Decay)), ("mamba2.skip", CanonicalValue.Of(spec.Skip)), ("mamba2.qk_norm", CanonicalValue.Of(spec.QkNorm)),
    ];

    internal override ResolvedMixer Resolve(LayerSettings layer, bool student)
    {
        var (heads, own) = (layer.Of<AttentionSpec>(), layer.Of<Mamba2Spec>());
        return new ResolvedMamba2(
            heads.Heads, heads.KvHeads, heads.HeadDim, own.Conv, own.Chunk, own.Gate, own.GateNorm, own.Decay, own.Skip, own.QkNorm, NormEps);
    }

    internal override IReadOnlyList<CostUnit> Units => Mamba2Costs.Units;

    internal override IEnumerable<CostTerm> Costs => Mamba2Costs.Terms(Term<ResolvedMamba2>);
}
