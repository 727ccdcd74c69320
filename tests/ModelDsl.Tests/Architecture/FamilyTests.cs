using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Tests.Architecture;

/// <summary>The shipped families: the paper's four tables, over its models and over the tiny ones.</summary>
public class FamilyTests
{
    public static TheoryData<string> Shipped => [.. ModelSetTests.Set.Families.Select(family => family.Name)];

    public static ResolvedFamily Family(string name) => ModelSetTests.Set.FindFamily(name)!;

    [Fact]
    public void The_papers_tables_are_there() => Assert.Superset(
        new HashSet<string> { "StageSubsets", "SeedStrategy", "AttentionLayers", "HybridStrategy", "TinyStageSubsets", "TinySeedStrategy", "TinyAttentionLayers", "TinyHybridStrategy" },
        ModelSetTests.Set.Families.Select(family => family.Name).ToHashSet());

    [Theory]
    [InlineData("StageSubsets", "None Stage1 Stage2 Stage3 Stages12 Stages13 Stages23 Stages123", "Stages123", "MmMambaLinear", 7)]
    [InlineData("SeedStrategy", "Scratch Inherit Mimic", "Mimic", "MmMambaLinear", 9)]
    [InlineData("AttentionLayers", "Attention0 Attention1 Attention2 Attention4 Attention8", "Attention8", "MmMambaHybrid", 7)]
    [InlineData("HybridStrategy", "TailStacked TailInterleaved HeadStacked HeadInterleaved", "HeadInterleaved", "MmMambaHybrid", 6)]
    public void A_table_has_its_rows(string name, string members, string control, string of, int runs)
    {
        var family = Family(name);
        Assert.Equal(members.Split(' '), family.Members.Select(member => member.Name));
        Assert.Equal((control, of, runs), (family.Control, family.Of.Name, family.StageRuns.Count));
        var (own, low) = (ModelSetTests.Model($"{name}.{control}"), ModelSetTests.Model(of));
        Assert.Equal(ModelIdentity.Of(low), ModelIdentity.Of(own));
        Assert.Equal(low.Tensors, own.Tensors);
    }

    // Counted in the reference study, which shared the runs of its tables by hand.
    [Fact]
    public void All_four_tables_are_twenty_stage_runs() =>
        Assert.Equal(20, new[] { "StageSubsets", "SeedStrategy", "AttentionLayers", "HybridStrategy" }
            .SelectMany(name => Family(name).StageRuns).Select(run => run.Identity).Distinct().Count());

    [Fact]
    public void Placements_share_the_stages_that_convert_every_layer()
    {
        var runs = Family("HybridStrategy").StageRuns;
        Assert.Equal([StageKind.Introduced, StageKind.Mixer, .. Enumerable.Repeat(StageKind.EndToEnd, 4)], runs.Select(run => run.Kind));
        Assert.Equal([4, 4, 1, 1, 1, 1], runs.Select(run => run.Members.Count));
        Assert.Equal([null, runs[0].Identity, .. Enumerable.Repeat(runs[1].Identity, 4)], runs.Select(run => run.After));
    }

    [Theory]
    [InlineData("HybridStrategy.TailStacked", new[] { 24, 25, 26, 27, 28, 29, 30, 31 }, 2_708_076_288)]
    [InlineData("HybridStrategy.TailInterleaved", new[] { 3, 7, 11, 15, 19, 23, 27, 31 }, 2_708_076_288)]
    [InlineData("AttentionLayers.Attention0", new int[0], 2_741_992_448)]
    [InlineData("AttentionLayers.Attention1", new[] { 0 }, 2_737_752_928)]
    [InlineData("TinyHybridStrategy.HeadStacked", new[] { 0, 1, 2 }, 1_025_172)]
    public void A_member_is_a_whole_model(string name, int[] attention, long parameters)
    {
        var model = ModelSetTests.Model(name);
        Assert.Equal(attention, model.Layers.Where(layer => layer.Mixer is ResolvedAttention).Select(layer => layer.Index));
        Assert.Equal(parameters, model.ParameterCount);
        Assert.Equal(model.ParameterCount, model.Tensors.Sum(tensor => tensor.Size));
    }

    [Fact]
    public void Reported_figures_are_the_papers()
    {
        Assert.Equal(["MME", "POPE", "TextVQA", "SQA-I"], Family("AttentionLayers").Reported!.Metrics);
        Assert.Equal(new ReportedRow("Hovle", [1433.5m, 87.6m, 66.0m, 94.8m]), Family("AttentionLayers").Reported!.Rows[5]);
        Assert.Equal(new ReportedRow("None", [null, null, null, null]), Family("StageSubsets").Reported!.Rows[0]);
        Assert.Equal(Family("HybridStrategy").Reported, Family("TinyHybridStrategy").Reported);
    }

    public static TheoryData<string, ModelSpec, bool, bool> Identities()
    {
        var spec = Published.HybridSpec;
        DistillSpec Recipe(Func<StageSpec, StageSpec> change) => spec.Distill! with { Stages = spec.Distill.Stages.Select(change).ToEquatableArray() };
        return new()
        {
            // What, and whether the recipe and the first stage are the same.
            { "name", spec with { Name = "Other", Summary = "Other.", File = "o.mmmodel.yaml" }, true, true },
            { "chunk", spec with { Towers = spec.Towers.Select(tower => tower with { Shared = tower.Shared.With(tower.Shared.Of<Mamba2Spec>() with { Chunk = 7 }) }).ToEquatableArray() }, true, true },
            { "placement", Published.Keeping([5]), false, true },
            { "seed", spec with { Seed = new(SeedKind.Inherit, 1) }, false, false },
            { "decay at a mimic start", spec with { Seed = new(SeedKind.Mimic, 2) }, false, false },
            { "teacher", spec with { Teacher = "Other" }, false, false },
            { "system message", spec with { Tokens = spec.Tokens with { System = "" } }, false, false },
            { "tiles", spec with { Vision = spec.Vision with { MaxTiles = 1 } }, false, false },
            { "clip", spec with { Distill = spec.Distill! with { Clip = 1 } }, false, false },
            { "last stage", spec with { Distill = Recipe(stage => stage.Kind == StageKind.EndToEnd ? stage with { Steps = 1 } : stage) }, false, true },
            { "answers alone", spec with { Distill = Recipe(stage => stage.Kind == StageKind.EndToEnd ? stage with { PromptWeight = 0 } : stage) }, false, true },
            { "per token", spec with { Distill = Recipe(stage => stage.Kind == StageKind.EndToEnd ? stage with { PerToken = true } : stage) }, false, true },
            { "padding", spec with { Distill = Recipe(stage => stage.Kind == StageKind.Introduced ? stage with { PaddingCounts = true } : stage) }, false, false },
            { "first stage", spec with { Distill = Recipe(stage => stage.Kind == StageKind.Introduced ? stage with { LearningRate = 1 } : stage) }, false, false },
            { "fewer stages", spec with { Distill = spec.Distill! with { Run = [StageKind.Introduced] } }, false, true },
        };
    }

    [Theory, MemberData(nameof(Identities))]
    public void An_identity_is_of_what_is_trained(string what, ModelSpec spec, bool sameRecipe, bool sameFirstStage)
    {
        var (own, other) = (ModelIdentity.Of(Published.Hybrid), Identity(spec));
        Assert.True(own.Recipe == other.Recipe == sameRecipe, what);
        Assert.True(own.Stages[0] == other.Stages[0] == sameFirstStage, what);
    }

    [Fact]
    public void A_stage_that_is_not_run_is_no_part_of_the_identity()
    {
        var run = Published.HybridSpec.Distill! with { Run = [StageKind.EndToEnd] };
        var other = run with { Stages = [.. run.Stages.Select(stage => stage.Kind == StageKind.Mixer ? stage with { Steps = 1 } : stage)] };
        Assert.Equal(Identity(Published.HybridSpec with { Distill = run }), Identity(Published.HybridSpec with { Distill = other }));
    }

    static ModelIdentity Identity(ModelSpec spec) => ModelIdentity.Of(Resolver.Resolve(spec, Published.Hovle with { Name = spec.Teacher! }));

    [Fact]
    public void A_mixers_identity_is_free_of_its_place_and_its_chunk()
    {
        string Of(ResolvedModel model, int layer) => Fingerprint.Of(model.Hidden, model.Layers[layer].Mixer);
        Assert.Equal(Of(Published.Hybrid, 1), Of(Published.Hybrid, 31));
        Assert.Equal(Of(Published.Hybrid, 1), Of(Published.Linear, 0));
        Assert.NotEqual(Of(Published.Hybrid, 0), Of(Published.Hybrid, 1));
        // A student's attention has plain positions, the teacher's has not.
        Assert.NotEqual(Of(Published.Hovle, 0), Of(Published.Hybrid, 0));
        Assert.Equal(Of(Published.Linear, 0), Fingerprint.Of(2048, (ResolvedMamba2)Published.Linear.Layers[0].Mixer with { Chunk = 1 }));
        Assert.NotEqual(Of(Published.Linear, 0), Fingerprint.Of(2048, (ResolvedMamba2)Published.Linear.Layers[0].Mixer with { Skip = true }));
        Assert.NotEqual(Of(Published.Linear, 0), Fingerprint.Of(1024, Published.Linear.Layers[0].Mixer));
    }
}
