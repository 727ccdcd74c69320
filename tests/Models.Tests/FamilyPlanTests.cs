using MmMamba.ModelDsl.Rendering;
using MmMamba.Runtime.Plans;

namespace MmMamba.Models.Tests;

/// <summary>The law of one plan, for the members of the shipped families.</summary>
public sealed class FamilyPlanTests
{
    static readonly (string Name, IReadOnlyList<FamilyMember> All, FamilyMember? Control, ModelPlan Of)[] Families =
    [
        Of<StageSubsets>(), Of<SeedStrategy>(), Of<AttentionLayers>(), Of<HybridStrategy>(),
        Of<TinyStageSubsets>(), Of<TinySeedStrategy>(), Of<TinyAttentionLayers>(), Of<TinyHybridStrategy>(),
    ];

    static (string, IReadOnlyList<FamilyMember>, FamilyMember?, ModelPlan) Of<T>() where T : FamilyMember, IModelFamily<T> =>
        (typeof(T).Name, T.All, T.Control, T.Of);

    public static TheoryData<string> Names => [.. Families.Select(family => family.Name)];

    [Fact]
    public void Every_family_has_a_registry_and_every_registry_a_family() =>
        Assert.Equal(RunTimeModels.Set.Families.Select(family => family.Name).Order(StringComparer.Ordinal), Families.Select(family => family.Name).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_members_generated_plan_is_the_one_made_at_run_time(string name)
    {
        var (_, all, control, of) = Families.Single(family => family.Name == name);
        var atRunTime = RunTimeModels.Set.FindFamily(name)!;

        Assert.Equal(atRunTime.Members.Select(member => (member.Name, string.Join(",", member.Values))), all.Select(member => (member.Name, string.Join(",", member.Values))));
        foreach (var (made, generated) in atRunTime.Members.Zip(all))
        {
            var plan = Runtime.Plans.PlanJson.Parse(ModelDsl.Rendering.PlanJson.Render(made.Model));
            Assert.Equal(Runtime.Plans.PlanJson.Write(plan), Runtime.Plans.PlanJson.Write(generated.Plan));
            Assert.Equal(plan, generated.Plan);
        }
        Assert.Equal(atRunTime.Control, control?.Name);
        Assert.Equal(of.Fingerprint, control!.Plan.Fingerprint);
    }

    [Fact]
    public void Figures_are_those_of_the_paper()
    {
        Assert.Equal([new("MME", 1371.1), new("POPE", 86.7), new("TextVQA", 55.1), new("SQA-I", 86.9)], HybridStrategy.HeadInterleaved.Reported);
        // A student that ran no stage answers nothing.
        Assert.Empty(StageSubsets.None.Reported);
        Assert.Equal(("Hovle", 1433.5), (AttentionLayers.References[0].Name, AttentionLayers.References[0].Reported[0].Value));
        Assert.Same(Hovle.Plan, AttentionLayers.References[0].Plan);
        Assert.Equal("arXiv 2502.13145, Table 5", AttentionLayers.ReportedIn);
    }
}
