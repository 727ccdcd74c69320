using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;

namespace MmMamba.Models.Tests;

/// <summary>What a stage says that it trains, counted again over tensors that libtorch made (without memory), published and tiny students alike.</summary>
public sealed class TrainedCountsTests
{
    /// <summary>Every stage of every student, with the constants of its generated class.</summary>
    public static TheoryData<string, StageKind, long> Constants => new()
    {
        { nameof(MmMambaLinear), StageKind.Introduced, MmMambaLinear.Distillation.Introduced.TrainedCount },
        { nameof(MmMambaLinear), StageKind.Mixer, MmMambaLinear.Distillation.Mixer.TrainedCount },
        { nameof(MmMambaLinear), StageKind.EndToEnd, MmMambaLinear.Distillation.EndToEnd.TrainedCount },
        { nameof(MmMambaHybrid), StageKind.Introduced, MmMambaHybrid.Distillation.Introduced.TrainedCount },
        { nameof(MmMambaHybrid), StageKind.Mixer, MmMambaHybrid.Distillation.Mixer.TrainedCount },
        { nameof(MmMambaHybrid), StageKind.EndToEnd, MmMambaHybrid.Distillation.EndToEnd.TrainedCount },
        { nameof(TinyMmMambaLinear), StageKind.Introduced, TinyMmMambaLinear.Distillation.Introduced.TrainedCount },
        { nameof(TinyMmMambaLinear), StageKind.Mixer, TinyMmMambaLinear.Distillation.Mixer.TrainedCount },
        { nameof(TinyMmMambaLinear), StageKind.EndToEnd, TinyMmMambaLinear.Distillation.EndToEnd.TrainedCount },
        { nameof(TinyMmMambaHybrid), StageKind.Introduced, TinyMmMambaHybrid.Distillation.Introduced.TrainedCount },
        { nameof(TinyMmMambaHybrid), StageKind.Mixer, TinyMmMambaHybrid.Distillation.Mixer.TrainedCount },
        { nameof(TinyMmMambaHybrid), StageKind.EndToEnd, TinyMmMambaHybrid.Distillation.EndToEnd.TrainedCount },
    };

    [Theory]
    [MemberData(nameof(Constants))]
    public void A_recount_over_tensors_equals_the_constant_and_the_plans(string name, StageKind kind, long constant)
    {
        var published = PublishedModels.Find(name)!;
        var stage = published.Plan.Distillation!.Stages.Single(stage => stage.Kind == kind);

        var recount = kind == StageKind.EndToEnd ? OfTheStudent(published, stage) : OfTheConverted(published.Plan.Distillation, stage);

        Assert.Equal(recount, constant);
        Assert.Equal(recount, stage.TrainedCount);
    }

    [Theory]
    [InlineData(nameof(MmMambaLinear), 135_664_640, 404_100_096, 404_100_096)]
    [InlineData(nameof(MmMambaHybrid), 135_664_640, 404_100_096, 303_075_072)]
    public void A_recount_over_tensors_equals_the_published_figures(string name, long introduced, long mixer, long endToEnd)
    {
        var published = PublishedModels.Find(name)!;
        var recipe = published.Plan.Distillation!;
        StagePlan Stage(StageKind kind) => recipe.Stages.Single(stage => stage.Kind == kind);

        Assert.Equal(introduced, OfTheConverted(recipe, Stage(StageKind.Introduced)));
        Assert.Equal(mixer, OfTheConverted(recipe, Stage(StageKind.Mixer)));
        Assert.Equal(endToEnd, OfTheStudent(published, Stage(StageKind.EndToEnd)));
    }

    [Fact]
    public void No_stage_of_any_student_is_left_out() => Assert.Equal(
        PublishedModels.All.SelectMany(model => model.Plan.Distillation?.Stages.Select(stage => (model.Name, stage.Kind)) ?? []).Order(),
        Constants.Select(row => (row.Data.Item1, row.Data.Item2)).Order());

    /// <summary>Stages 1 and 2 hold the mixers of every layer, whatever the student keeps as attention.</summary>
    static long OfTheConverted(DistillationPlan recipe, StagePlan stage)
    {
        var source = new MetaParameters();
        var count = 0L;
        foreach (var tensor in recipe.ConvertedTensors.Where(tensor => stage.Train.Contains(tensor.Group)))
        {
            using var parameter = source.Take(tensor);
            count += parameter.numel();
        }
        return count;
    }

    /// <summary>Stage 3 holds the student, whose attention layers stay the teacher's.</summary>
    static long OfTheStudent(PublishedModel published, StagePlan stage)
    {
        using var model = published.Create(new MetaParameters());
        var converted = model.Plan.Layers.Where(layer => layer.Mixer is Mamba2Plan).Select(layer => layer.Index).ToHashSet();
        return model.Plan.Tensors
            .Where(tensor => converted.Contains(tensor.Layer) && stage.Train.Contains(tensor.Group))
            .Sum(tensor => model.Tensors[tensor.Name].numel());
    }
}
