using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using PlanJson = MmMamba.Runtime.Plans.PlanJson;

namespace MmMamba.Models.Tests;

/// <summary>A recipe with every switch of the losses, and a student with scaled positions, generated into this project from specs/every-switch.mmmodel.yaml and retained-positions.mmmodel.yaml.</summary>
public sealed class EverySwitchTests
{
    static readonly ModelSet AtRunTime = ModelSet.Resolve(Catalog.Bind([.. new[] { "small-teacher", "every-switch", "retained-positions" }.Select(name => SpecParser.Parse(new(
        name + ".mmmodel.yaml", File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "specs", name + ".mmmodel.yaml")))))]));

    public static TheoryData<ModelPlan> Generated => [EverySwitch.Plan, RetainedPositions.Plan];

    [Theory, MemberData(nameof(Generated))]
    public void The_generated_plan_is_the_one_made_at_run_time(ModelPlan generated)
    {
        var plan = PlanJson.Parse(ModelDsl.Rendering.PlanJson.Render(AtRunTime.Find(generated.Name)!));
        Assert.Equal(PlanJson.Write(plan), PlanJson.Write(generated));
        Assert.Equal(plan, generated);
    }

    [Fact]
    public void A_factor_that_is_retained_is_the_plans() => Assert.Equal(2, ((AttentionPlan)RetainedPositions.Plan.Layers[0].Mixer).DynamicFactor);

    [Fact]
    public void What_the_spec_says_is_what_a_stage_is_told()
    {
        var recipe = EverySwitch.Plan.Distillation!;
        (bool, bool, double) Told(StageKind kind) => TrainingOptions.Of(recipe, kind) is var told ? (told.MaskPadding, told.KlPerToken, told.PromptWeight) : default;
        Assert.Equal((false, false, 1), Told(StageKind.Introduced));
        Assert.Equal((true, false, 1), Told(StageKind.Mixer));
        Assert.Equal((false, true, 0.25), Told(StageKind.EndToEnd));
    }
}
