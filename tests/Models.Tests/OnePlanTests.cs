using MmMamba.ModelDsl.Rendering;

namespace MmMamba.Models.Tests;

/// <summary>The law that keeps generated code and run time honest: for every spec there is one plan.</summary>
public sealed class OnePlanTests
{
    public static TheoryData<string> Names => [.. PublishedModels.All.Select(model => model.Name)];

    [Fact]
    public void Every_spec_has_a_class_and_every_class_a_spec() =>
        Assert.Equal(RunTimeModels.All.Keys.Order(StringComparer.Ordinal), PublishedModels.All.Select(model => model.Name).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Names))]
    public void The_generated_plan_is_the_one_made_at_run_time(string name)
    {
        var generated = PublishedModels.Find(name)!.Plan;
        var atRunTime = Runtime.Plans.PlanJson.Parse(PlanJson.Render(RunTimeModels.All[name]));

        // As text first: it shows what differs. Then as the values that the engine runs.
        Assert.Equal(Runtime.Plans.PlanJson.Write(atRunTime), Runtime.Plans.PlanJson.Write(generated));
        Assert.Equal(atRunTime, generated);
    }

    [Fact]
    public void The_embedded_figures_are_those_of_the_tree() =>
        Assert.Equal(RunTimeModels.Figures.OrderBy(file => file.Key, StringComparer.Ordinal), PublishedSpecs.Figures.Select(file => KeyValuePair.Create(file.File, file.Text)));

    [Fact]
    public void The_embedded_specs_are_those_of_the_tree() =>
        Assert.Equal(RunTimeModels.Texts.OrderBy(spec => spec.Key, StringComparer.Ordinal), PublishedSpecs.All.Select(spec => KeyValuePair.Create(spec.File, spec.Text)));
}
