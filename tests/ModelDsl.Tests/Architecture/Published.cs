using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Tests.Architecture;

/// <summary>The published models as specs built by hand, so that what they mean is tested apart from how they are written.</summary>
static class Published
{
    static readonly AttentionSpec Attention = new(16, 8, 128, 1_000_000, 32768, 2);
    static readonly Mamba2Spec Mamba2 = new(2, 128, true, true, true, false, false);

    public static readonly SlidingWindowSpec Window = new(4096);

    static readonly LayerSettings Shared = new([Attention, Mamba2, Window], 0.00001m, 8192);

    public static readonly ModelSpec HovleSpec = new(
        "Hovle", "The teacher.", null, "hovle.mmmodel.yaml",
        new(92553, 92546, "internlm2_chat", null), new(448, 14, 12, 0.5m, "gelu_mlp", "imagenet"), 2048,
        [new("embedding", 8, Shared), new("decoder", 24, Shared)],
        AllAttention(32), null, null, null, "hovle");

    static readonly EquatableArray<TensorGroup> Introduced =
        [TensorGroup.Gate, TensorGroup.GateNorm, TensorGroup.Conv, TensorGroup.Dt, TensorGroup.DtBias, TensorGroup.Decay];

    static readonly EquatableArray<TensorGroup> Mixer = [TensorGroup.Query, TensorGroup.Key, TensorGroup.Value, .. Introduced];

    public static readonly ModelSpec LinearSpec = HovleSpec with
    {
        Name = "MmMambaLinear",
        Extends = "Hovle",
        File = "mmmamba-linear.mmmodel.yaml",
        Layers = new([new(MixerKinds.Mamba2, Placement.All(32), "mmmamba-linear.mmmodel.yaml", 6)]),
        Teacher = "Hovle",
        Seed = new(SeedKind.Mimic, 1),
        Distill = new(
            new(0.9m, 0.999m, 0.00000001m, 0.05m), 5, new(ScheduleKind.Wsd, 0.1m, 0.1m),
            [
                new(StageKind.Introduced, Introduced, LossKind.MixerMse, 1000, 0.001m, 128, 20000),
                new(StageKind.Mixer, Mixer, LossKind.MixerMse, 1000, 0.0005m, 128, 20000),
                new(StageKind.EndToEnd, Mixer, LossKind.LogitsKl, 1, 0.00005m, 64, 20000),
            ],
            [StageKind.Introduced, StageKind.Mixer, StageKind.EndToEnd]),
        Checkpoint = "mmmamba",
    };

    public static readonly ModelSpec HybridSpec =
        Keeping(Placement.Interleaved(32, 8, fromHead: true)) with { Name = "MmMambaHybrid", Extends = "MmMambaLinear" };

    public static readonly ResolvedModel Hovle = Resolver.Resolve(HovleSpec);
    public static readonly ResolvedModel Linear = Resolver.Resolve(LinearSpec, Hovle);
    public static readonly ResolvedModel Hybrid = Resolver.Resolve(HybridSpec, Hovle);

    /// <summary>The linear model with attention kept at some layers.</summary>
    public static ModelSpec Keeping(EquatableArray<int> attention, int layers = 32) =>
        LinearSpec with { Layers = Placed(attention, layers, "student.mmmodel.yaml") };

    /// <summary>The linear model with another mixer in both towers.</summary>
    public static ModelSpec With(Mamba2Spec mixer) =>
        LinearSpec with { Towers = LinearSpec.Towers.Select(tower => tower with { Shared = tower.Shared.With(mixer) }).ToEquatableArray() };

    public static Mamba2Spec MainMixer => Mamba2;

    /// <summary>A teacher's placement.</summary>
    public static LayersSpec AllAttention(int layers) => new([new(MixerKinds.Attention, Placement.All(layers), "hovle.mmmodel.yaml", 11)]);

    /// <summary>Attention at some of so many layers, written on line 7, and Mamba-2 at the rest, written on line 6.</summary>
    public static LayersSpec Placed(EquatableArray<int> attention, int layers, string file) => new(
    [
        .. new MixerPlacement[]
        {
            new(MixerKinds.Attention, attention, file, 7),
            new(MixerKinds.Mamba2, [.. Enumerable.Range(0, layers).Except(attention)], file, 6),
        }.Where(placement => placement.Layers.Count > 0),
    ]);
}
