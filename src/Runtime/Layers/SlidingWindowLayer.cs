using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static MmMamba.Runtime.Plans.PlanText;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Layers;

/// <summary>A layer whose mixer is attention over the last tokens.</summary>
public sealed class SlidingWindowLayer : DecoderLayer
{
    internal static readonly MixerType Type = new MixerType<SlidingWindowPlan>(
        "sliding_window",
        json => new(
            json.Int("heads"), json.Int("kv_heads"), json.Int("head_dim"),
            json.Double("rope_theta"), json.Int("max_positions"), json.DoubleOrNull("dynamic_factor"), json.Int("window")),
        plan =>
        [
            ("rope_theta", Number(plan.RopeTheta)), ("max_positions", Number(plan.MaxPositions)), ("dynamic_factor", Number(plan.DynamicFactor)),
            ("window", Number(plan.Window)),
        ],
        plan => plan.RopeTheta > 0 && plan.MaxPositions > 0 && plan.HeadDim % 2 == 0 && plan.Window > 0,
        (layer, plan, tensors) => new SlidingWindowLayer(layer, plan, tensors),
        (plan, size) => new WindowCache(
            size.Batch, plan.KvHeads, plan.Window, size.MaxTokens, plan.HeadDim, size.Device, size.Dtype));

    SlidingWindowLayer(LayerPlan plan, SlidingWindowPlan window, LayerTensors tensors) : base(plan, tensors, "attention.wo.weight", "sliding_window.wo") =>
        Attention = new(window, tensors["attention.wqkv.weight"]);

    /// <summary>The mixer.</summary>
    public SlidingWindowAttention Attention { get; }

    /// <inheritdoc/>
    public override Tensor Mix(Tensor normed, TokenWindow window, LayerCache? cache = null) => Attention.Attend(normed, window, (WindowCache?)cache);
}
