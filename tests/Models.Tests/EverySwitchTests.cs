using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using PlanJson = MmMamba.Runtime.Plans.PlanJson;

namespace MmMamba.Models.Tests;

/// <summary>A recipe with every switch of the losses, generated into this project from specs/every-switch.mmmodel.yaml.</summary>
public sealed class EverySwitchTests
{
    static readonly ResolvedModel AtRunTime = ModelSet.Resolve(Catalog.Bind([.. new[] { "small-teacher", "every-switch" }.Select(name => SpecParser.Parse(new(
        name + ".mmmodel.yaml", File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "specs", name + ".mmmodel.yaml")))))])).Find("EverySwitch")!;

    [Fact]
    public void The_generated_plan_is_the_one_made_at_run_time()
    {
        var plan = PlanJson.Parse(ModelDsl.Rendering.PlanJson.Render(AtRunTime));
        Assert.Equal(PlanJson.Write(plan), PlanJson.Write(EverySwitch.Plan));
        Assert.Equal(plan, EverySwitch.Plan);
    }

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
