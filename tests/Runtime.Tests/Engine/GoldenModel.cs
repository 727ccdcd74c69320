using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Group = MmMamba.ModelDsl.Specs.TensorGroup;
using Loss = MmMamba.ModelDsl.Specs.LossKind;
using PlanJson = MmMamba.Runtime.Plans.PlanJson;
using Schedule = MmMamba.ModelDsl.Specs.ScheduleKind;
using Stage = MmMamba.ModelDsl.Specs.StageKind;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>The goldens' models: a teacher of 2 + 4 layers, and its linear and hybrid students.</summary>
static class GoldenModel
{
    static readonly AttentionSpec Attention = new(4, 2, 16, 50_000, 64, null);
    static readonly Mamba2Spec Mamba2 = new(2, 8, true, true, true, false, false);

    static readonly ModelSpec Spec = new(
        "GoldenHovle", "", null, "golden-hovle.mmmodel.yaml", new(97, 90, "internlm2_chat", ""), new(16, 4, 2, 0.5m, "gelu_mlp", "imagenet"), 64,
        [new("embedding", 2, Attention with { RopeTheta = 10_000 }, Mamba2, 0.00001m, 128), new("decoder", 4, Attention, Mamba2, 0.00001m, 128)],
        new(Placement.All(6), "golden-hovle.mmmodel.yaml", 1, "golden-hovle.mmmodel.yaml", 1), null, null, null, "hovle");

    static readonly EquatableArray<Group> Introduced = [Group.Gate, Group.GateNorm, Group.Conv, Group.Dt, Group.DtBias, Group.Decay];
    static readonly EquatableArray<Group> Whole = [Group.Query, Group.Key, Group.Value, .. Introduced];

    static readonly DistillSpec Recipe = new(
        new(0.9m, 0.999m, 0.00000001m, 0.05m), 5, new(Schedule.Wsd, 0.1m, 0.1m),
        [
            new(Stage.Introduced, Introduced, Loss.MixerMse, 1000, 0.001m, 2, 10),
            new(Stage.Mixer, Whole, Loss.MixerMse, 1000, 0.0005m, 2, 10),
            new(Stage.EndToEnd, Whole, Loss.LogitsKl, 1, 0.0005m, 2, 10),
        ],
        [Stage.Introduced, Stage.Mixer, Stage.EndToEnd]);

    static readonly ResolvedModel Teacher = Resolver.Resolve(Spec);

    public static ModelPlan Hovle { get; } = Plan(Teacher);
    public static ModelPlan Linear { get; } = Student("GoldenLinear", []);
    public static ModelPlan Hybrid { get; } = Student("GoldenHybrid", [0, 4]);

    /// <summary>The teacher with dynamic NTK past 8 positions in the decoder.</summary>
    public static ModelPlan DynamicNtk { get; } = Plan(Resolver.Resolve(Spec with
    {
        Towers = [Spec.Towers[0], Spec.Towers[1] with { Attention = Attention with { MaxPositions = 8, DynamicFactor = 2 } }],
    }));

    static ModelPlan Student(string name, EquatableArray<int> attention) => Plan(Resolver.Resolve(
        Spec with
        {
            Name = name, Teacher = "GoldenHovle", Seed = new(SeedKind.Mimic, 1), Distill = Recipe, Checkpoint = "mmmamba",
            Layers = new(attention, "golden.mmmodel.yaml", 1, "golden.mmmodel.yaml", 1),
        }, Teacher));

    static ModelPlan Plan(ResolvedModel model) => PlanJson.Parse(MmMamba.ModelDsl.Rendering.PlanJson.Render(model));

    public static VisionLanguageModel Load(ModelPlan plan) =>
        new(plan, new Values(Golden.Read("mmmamba_tiny_mixers.safetensors").Concat(Golden.Read("hovle_tiny.safetensors")).ToDictionary()));

    /// <summary>Parameters from tensors at hand.</summary>
    public sealed class Values(IReadOnlyDictionary<string, Tensor> tensors) : ParameterSource
    {
        public override Parameter Take(TensorPlan tensor) => Own(tensors[tensor.Name].clone());
    }
}
