using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>A student whose layers differ runs each as it says, against layers put together by hand.</summary>
public sealed class OverridesTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly ModelPlan _plan = GoldenModel.Named("GoldenOverrides");
    readonly VisionLanguageModel _model;

    public OverridesTests()
    {
        using var teacher = new VisionLanguageModel(GoldenModel.Hovle, new DrawnParameters(1));
        _model = new(_plan, new SeededParameters(teacher, 2));
    }

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }

    // The golden hybrid by hand: 4 heads of 16, 2 kv heads; attention at 0 and 4; towers of 2 and 4 with their own rope.
    static readonly MixerPlan[] Mixers =
    [
        new AttentionPlan(4, 2, 16, 10_000, 64, null),
        new Mamba2Plan(4, 2, 16, Conv: 4, Chunk: 3, Gate: true, GateNorm: true, Decay: true, Skip: false, QkNorm: false, 1e-5),
        new Mamba2Plan(4, 2, 16, Conv: 0, Chunk: 8, Gate: false, GateNorm: false, Decay: true, Skip: false, QkNorm: false, 1e-5),
        new Mamba2Plan(4, 2, 16, Conv: 2, Chunk: 8, Gate: true, GateNorm: true, Decay: false, Skip: true, QkNorm: true, 1e-5),
        new AttentionPlan(4, 2, 16, 100, 64, null),
        new Mamba2Plan(4, 2, 16, Conv: 2, Chunk: 8, Gate: true, GateNorm: true, Decay: true, Skip: false, QkNorm: false, 1e-5),
    ];

    [Fact]
    public void The_plan_says_what_each_layer_has()
    {
        Assert.Equal(Mixers, _plan.Layers.Select(layer => layer.Mixer));
        Assert.Equal([1e-5, 1e-3, 1e-5, 1e-5, 1e-5, 1e-5], _plan.Layers.Select(layer => layer.NormEps));
        // In stages 1 and 2 the kept layers are converted as their towers say, the others as they are.
        Assert.Equal(Mixers.Select(mixer => mixer is AttentionPlan ? Mixers[5] : mixer), _plan.Distillation!.ConvertedLayers.Select(layer => layer.Mixer));
    }

    [Fact]
    public void A_pass_equals_layers_put_together_by_hand()
    {
        using var guard = no_grad();
        var ids = randint(0, 90, new Size([2, 11]), ScalarType.Int64);
        using var window = new TokenWindow(11, CPU);
        using var x = new ResidualStream(_model.Embed(new(ids)), own: true, shown: false);
        for (var i = 0; i < Mixers.Length; i++)
        {
            var plan = new LayerPlan(i, "", 0, Mixers[i], i == 1 ? 1e-3 : 1e-5, 128, "by hand");
            DecoderLayer.Create(plan, new(_plan.Tensors, i, _model.Tensors, "a layer")).Forward(x, window, null, null);
        }
        var logits = _model.Logits(new RmsNorm(_model.Tensors["language_model.model.norm.weight"], 1e-5).Forward(x.Value));
        Golden.Close(logits, _model.Forward(new(ids)), 1e-6, "logits");
    }

    [Fact]
    public void Decoding_keeps_a_state_for_each_kind_of_layer()
    {
        using var guard = no_grad();
        var ids = randint(0, 90, new Size([2, 11]), ScalarType.Int64);
        var whole = _model.Forward(new(ids));
        using var cache = _model.CreateCache(2, 11);
        Golden.Close(whole.narrow(1, 0, 5), _model.Forward(new(ids.narrow(1, 0, 5)), cache), 1e-4, "prefill");
        for (var at = 5; at < 11; at++) Golden.Close(whole.narrow(1, at, 1), _model.Forward(new(ids.narrow(1, at, 1)), cache), 1e-4, $"token {at}");
    }
}
