using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static MmMamba.Runtime.Plans.PlanText;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Layers;

/// <summary>A layer whose mixer is Mamba-2.</summary>
public sealed class Mamba2Layer : DecoderLayer
{
    internal static readonly MixerType Type = new MixerType<Mamba2Plan>(
        "mamba2",
        json => new(
            json.Int("heads"), json.Int("kv_heads"), json.Int("head_dim"), json.Int("conv"), json.Int("chunk"),
            json.Flag("gate"), json.Flag("gate_norm"), json.Flag("decay"), json.Flag("skip"), json.Flag("qk_norm"), json.Double("norm_eps")),
        plan =>
        [
            ("conv", Number(plan.Conv)), ("chunk", Number(plan.Chunk)), ("gate", Flag(plan.Gate)), ("gate_norm", Flag(plan.GateNorm)),
            ("decay", Flag(plan.Decay)), ("skip", Flag(plan.Skip)), ("qk_norm", Flag(plan.QkNorm)), ("norm_eps", Number(plan.NormEps)),
        ],
        plan => plan is { Conv: >= 0, Chunk: > 0, NormEps: > 0 },
        (layer, plan, tensors) => new Mamba2Layer(layer, plan, tensors),
        (plan, size) => new Mamba2State(
            size.Batch, (plan.Heads + 2 * plan.KvHeads) * plan.HeadDim, plan.Conv, plan.Heads, plan.HeadDim, size.Device, size.Dtype, size.StateDtype));

    Mamba2Layer(LayerPlan plan, Mamba2Plan mamba2, LayerTensors tensors) : base(plan, tensors, "attention.o_proj.weight", "mamba2.o_proj") =>
        Mixer = new(mamba2, tensors);

    /// <summary>The mixer.</summary>
    public Mamba2Mixer Mixer { get; }

    /// <inheritdoc/>
    public override Tensor Mix(Tensor normed, TokenWindow window, LayerCache? cache = null) => Mixer.Mix(normed, window.Mask, (Mamba2State?)cache, window.Packing);
}
