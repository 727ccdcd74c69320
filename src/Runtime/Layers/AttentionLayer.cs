using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static MmMamba.Runtime.Plans.PlanText;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Layers;

/// <summary>A layer whose mixer is attention.</summary>
public sealed class AttentionLayer : DecoderLayer
{
    internal static readonly MixerType Type = new MixerType<AttentionPlan>(
        "attention",
        json => new(
            json.Int("heads"), json.Int("kv_heads"), json.Int("head_dim"),
            json.Double("rope_theta"), json.Int("max_positions"), json.DoubleOrNull("dynamic_factor")),
        plan => [("rope_theta", Number(plan.RopeTheta)), ("max_positions", Number(plan.MaxPositions)), ("dynamic_factor", Number(plan.DynamicFactor))],
        plan => plan.RopeTheta > 0 && plan.MaxPositions > 0 && plan.HeadDim % 2 == 0,
        (layer, plan, tensors) => new AttentionLayer(layer, plan, tensors),
        (plan, size) => new KvCache(size.Batch, plan.KvHeads, size.MaxTokens, plan.HeadDim, size.Device, size.Dtype));

    AttentionLayer(LayerPlan plan, AttentionPlan attention, LayerTensors tensors) : base(plan, tensors, "attention.wo.weight", "attention.wo") =>
        Attention = new(attention, tensors["attention.wqkv.weight"]);

    /// <summary>The mixer.</summary>
    public GroupedQueryAttention Attention { get; }

    /// <inheritdoc/>
    public override Tensor Mix(Tensor normed, TokenWindow window, LayerCache? cache = null) => Attention.Attend(normed, window, (KvCache?)cache);

    // Nobody looks.
    private protected override void TakeUp(Tensor normed, TokenWindow window, LayerCache cache)
    {
        using var scope = NewDisposeScope();
        Attention.Project(normed, window, (KvCache)cache);
    }
}
