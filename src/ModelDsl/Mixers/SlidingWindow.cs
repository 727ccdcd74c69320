using System.Globalization;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;
using static MmMamba.ModelDsl.Architecture.CostQuantity;

namespace MmMamba.ModelDsl.Mixers;

/// <summary>Attention over the last tokens; heads and positions are those of <see cref="AttentionSpec"/>.</summary>
/// <param name="Window">Tokens that a query sees, its own included.</param>
public sealed record SlidingWindowSpec(int Window) : MixerSpec;

/// <summary>Causal attention over the last tokens.</summary>
/// <param name="Attention">The same with no window: its tensors and its positions are this one's.</param>
/// <param name="Window">Tokens that a query sees, its own included.</param>
public sealed record ResolvedSlidingWindow(ResolvedAttention Attention, int Window) : ResolvedMixer(Attention.Heads, Attention.KvHeads, Attention.HeadDim)
{
    /// <inheritdoc/>
    public override MixerKind Kind => MixerKinds.SlidingWindow;

    /// <inheritdoc/>
    public override IEnumerable<(string Name, object? Value)> Settings => [.. Attention.Settings, ("window", Window)];

    /// <inheritdoc/>
    public override string Text => FormattableString.Invariant($"window {Window}, {Attention.Text}");

    internal override IEnumerable<(string Path, string? Value)> Facts => [.. Attention.Facts, SlidingWindowKind.Value(Window)];

    internal override IEnumerable<object?> Identity => ["window", Window, .. Attention.Identity];

    internal override IEnumerable<MixerTensor> Tensors(int hidden) => Attention.Tensors(hidden);
}

/// <summary>Sliding-window attention, and the units that its costs grow with.</summary>
public sealed class SlidingWindowKind : MixerKind
{
    internal SlidingWindowKind() : base(
        "sliding_window", "SlidingWindow", "sliding-window", marks: "w0123456789", cache: "WindowCache",
        keeps: "the last keys and values of sliding-window layers")
    {
    }

    /// <summary>Queries with the keys that each sees.</summary>
    public static readonly CostUnit Pair = new("B P(W)", "Queries with the keys that each sees within a window W: the sum of min(past + t, W) over t = 1 to T.",
        (pass, layer) =>
        {
            if (layer?.Mixer is not ResolvedSlidingWindow mixer) return 0;
            decimal growing = Math.Min(pass.Tokens, Math.Max(0, mixer.Window - pass.Past));
            return pass.Batch * (growing * pass.Past + growing * (growing + 1) / 2 + (pass.Tokens - growing) * mixer.Window);
        });

    /// <summary>Tokens that the caches hold.</summary>
    public static readonly CostUnit HeldToken = new("B min(S, W)", "Tokens that the caches of a window W hold after the pass.",
        (pass, layer) => layer?.Mixer is ResolvedSlidingWindow mixer ? pass.Batch * Math.Min((decimal)pass.Past + pass.Tokens, mixer.Window) : 0);

    internal override KeyShape Key { get; } = new("sliding_window", new MappingShape(
        new KeyShape("window", new IntegerShape(1, 16_777_216), Says: "Tokens that a query sees, its own included; 4096 if left out.")),
        Says: "Attention over the last tokens, with the heads and positions of `attention`.");

    internal override string SaysPlacement => "The layers that keep attention and see the last tokens only.";

    internal override string Phrase => "has a sliding window";

    internal override IReadOnlyList<string> Members => ["WindowFlops", "WindowElements", "Windowed"];

    internal override bool Reads(string path) => base.Reads(path) || MixerKinds.Owner(path) == MixerKinds.Attention;

    internal override MixerSpec Read(MappingNode? settings) =>
        new SlidingWindowSpec(settings?.Get("window") is { } window ? ModelBinder.Integer(window) : 4096);

    internal override IEnumerable<(string Path, string? Value)> Values(LayerSettings layer) => [Value(layer.Of<SlidingWindowSpec>().Window)];

    internal static (string Path, string? Value) Value(int window) => ("sliding_window.window", window.ToString(CultureInfo.InvariantCulture));

    internal override ResolvedMixer Resolve(LayerSettings layer, bool student) =>
        new ResolvedSlidingWindow(ResolvedAttention.Of(layer.Of<AttentionSpec>(), student), layer.Of<SlidingWindowSpec>().Window);

    internal override IReadOnlyList<CostUnit> Units => [Pair, HeldToken];

    internal override IEnumerable<CostTerm> Costs =>
    [
        Term<ResolvedSlidingWindow>(Flops, "sliding_window.wqkv", CostUnit.Token, "2 h (H + 2 G) d", "The fused projection.", (m, w) => 2m * m.Hidden * w.Channels),
        Term<ResolvedSlidingWindow>(Flops, "sliding_window.scores", Pair, "2 H d", "Queries times the keys within their window.", (_, w) => 2m * w.Width),
        Term<ResolvedSlidingWindow>(Flops, "sliding_window.values", Pair, "2 H d", "Weights times the values of those keys.", (_, w) => 2m * w.Width),
        Term<ResolvedSlidingWindow>(Flops, "sliding_window.wo", CostUnit.Token, "2 H d h", "The output projection.", (m, w) => 2m * w.Width * m.Hidden),
        Term<ResolvedSlidingWindow>(BytesRead, "read.window", HeldToken, "2 G d", "Keys and values of the window's tokens, this one's included.", (_, w) => w.KeyAndValue),
        Term<ResolvedSlidingWindow>(BytesHeld, "window", HeldToken, "2 G d", "`WindowCache`: keys and values of the window's tokens, or of fewer where it has no room for more.",
            (_, w) => w.KeyAndValue),
    ];
}
