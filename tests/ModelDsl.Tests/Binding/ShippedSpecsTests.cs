using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Tests.Binding;

public class ShippedSpecsTests
{
    [Fact]
    public void Bind_without_a_word()
    {
        var bound = Tree.Bind([.. Tree.Shipped]);
        Assert.True(bound.Count >= 6);
        Assert.All(bound, spec => Assert.Empty(spec.Diagnostics));
        Assert.All(bound, spec => Assert.True(spec.Holds));
    }

    [Fact]
    public void Hovle_says_what_it_says()
    {
        var attention = new AttentionSpec(16, 8, 128, 1_000_000, 32_768, 2);
        var mamba2 = new Mamba2Spec(2, 128, true, true, true, false, false);
        var shared = new LayerSettings([attention, mamba2, new SlidingWindowSpec(4096)], 0.00001m, 8192);
        Assert.Equal(
            new ModelSpec(
                "Hovle", "HoVLE-2.6B, the quadratic-complexity teacher.", null, "hovle.mmmodel.yaml",
                new TokensSpec(92_553, 92_546, "internlm2_chat", null),
                new VisionSpec(448, 14, 12, 0.5m, "gelu_mlp", "imagenet"),
                2048,
                [new("embedding", 8, shared), new("decoder", 24, shared)],
                new([new(MixerKinds.Attention, [.. Enumerable.Range(0, 32)], "hovle.mmmodel.yaml", 12)]),
                null, null, null, "hovle") { Reported = new("arXiv 2502.13145, figure 1", 103_424, 21.69m) },
            Tree.Model("Hovle"));
    }

    [Fact]
    public void Hybrid_inherits_its_recipe_and_places_its_layers()
    {
        var hybrid = Tree.Model("MmMambaHybrid");
        var linear = Tree.Model("MmMambaLinear");
        Assert.Equal(
            new(
            [
                new(MixerKinds.Attention, [0, 4, 8, 12, 16, 20, 24, 28], "mmmamba-hybrid.mmmodel.yaml", 8),
                new(MixerKinds.Mamba2, [.. Enumerable.Range(0, 32).Where(i => i % 4 != 0)], "mmmamba-hybrid.mmmodel.yaml", 7),
            ]),
            hybrid.Layers);
        Assert.Equal(
            linear with { Name = hybrid.Name, Summary = hybrid.Summary, Extends = "MmMambaLinear", File = hybrid.File, Layers = hybrid.Layers, Reported = hybrid.Reported }, hybrid);
        Assert.Equal(new ReportedSpec("arXiv 2502.13145, figure 1", 103_424, 8.64m), hybrid.Reported);
        Assert.Null(Tree.Model("TinyMmMambaHybrid").Reported);

        Assert.Equal("Hovle", linear.Teacher);
        Assert.Equal(new SeedSpec(SeedKind.Mimic, 1), linear.Seed);
        EquatableArray<TensorGroup> introduced =
            [TensorGroup.Gate, TensorGroup.GateNorm, TensorGroup.Conv, TensorGroup.Dt, TensorGroup.DtBias, TensorGroup.Decay];
        EquatableArray<TensorGroup> all = [TensorGroup.Query, TensorGroup.Key, TensorGroup.Value, .. introduced];
        Assert.Equal(
            new DistillSpec(
                new(0.9m, 0.999m, 1e-8m, 0.05m), 5, new(ScheduleKind.Wsd, 0.1m, 0.1m),
                [
                    new(StageKind.Introduced, introduced, LossKind.MixerMse, 1000, 0.001m, 128, 20_000),
                    new(StageKind.Mixer, all, LossKind.MixerMse, 1000, 0.0005m, 128, 20_000),
                    new(StageKind.EndToEnd, all, LossKind.LogitsKl, 1, 0.00005m, 64, 20_000),
                ],
                [StageKind.Introduced, StageKind.Mixer, StageKind.EndToEnd]),
            linear.Distill);
    }

    [Fact]
    public void Empty_system_text_is_a_text() => Assert.Equal("", Tree.Model("TinyHovle").Tokens.System);
}
