using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Evaluation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using MmMamba.Runtime.Tests.Engine;

namespace MmMamba.Runtime.Tests.Distillation;

/// <summary>The whole way on the shipped tiny models and their own data, a few steps long.</summary>
public class TinyRunTests
{
    // The same few conversations over and over, so that a handful of steps shows.
    static IEnumerable<Batch> OneBatch()
    {
        var batch = TinyModels.Batches(2).First();
        // The loader frees a batch when it is left; this one is made anew of its items.
        batch = Batch.Of(batch.Items, TinyModels.Encoder.Vision.Image);
        while (true) yield return batch;
    }

    static TrainingOptions Options(StageKind kind) => TrainingOptions.Of(TinyModels.Hybrid.RecipeOf(), kind) with
    {
        Steps = 6, Batch = 2, LearningRate = 1.5e-3, Schedule = new(ScheduleKind.Constant, 0, 0), Seed = 1,
    };

    static void Falls(Reports reports) => Assert.True(
        reports.Losses[^1] < 0.95 * reports.Losses[0], $"{reports.All[0].Stage}: {string.Join(' ', reports.Losses)}");

    [Fact]
    public void Every_stage_of_the_tiny_hybrid_lowers_its_loss_in_a_few_steps()
    {
        using var teacher = TinyModels.DrawTeacher();
        var (first, second, third) = (new Reports(), new Reports(), new Reports());
        var mixers = new MixerDistillation(teacher, TinyModels.Hybrid);
        using var introduced = mixers.RunIntroduced(OneBatch(), Options(StageKind.Introduced), first);
        using var mixer = mixers.RunMixer(introduced, OneBatch(), Options(StageKind.Mixer), second);
        var result = new EndToEndDistillation(teacher, TinyModels.Hybrid).Run(
            mixer, OneBatch(), Options(StageKind.EndToEnd), source => new VisionLanguageModel(TinyModels.Hybrid, source), third);
        using var student = result.Student;

        Falls(first);
        Falls(second);
        Falls(third);
        Assert.True(second.Losses[0] < first.Losses[0], "stage 2 goes on where stage 1 ended");
        Assert.Equal([StageKind.Introduced, StageKind.Mixer, StageKind.EndToEnd], result.Chain.Stages.Select(stage => stage.Stage));
        Assert.Equal(third.Losses[^1], result.Chain.Stages[^1].LastLoss);
        Assert.All(student.Tensors.Values, tensor => Assert.False(tensor.requires_grad));
    }

    [Fact]
    public void A_teacher_learns_a_batch_of_answers_by_heart_and_the_evaluator_sees_it()
    {
        using var teacher = new VisionLanguageModel(GoldenModel.Hovle, new DrawnParameters(1));
        var random = new Random(1);
        using var batch = Batch.Of([.. Enumerable.Range(0, 4).Select(row => new EncodedConversation(
            [.. Enumerable.Range(0, 12 + row).Select(_ => random.Next(80))], [], 0, [new(0, "a", 4, 2), new(1, "b", 8, 2)]))], 16);
        var before = Evaluator.Run(teacher, [batch]);
        var reports = new Reports();
        TeacherTraining.Run(
            teacher, Enumerable.Repeat(batch, 40),
            Options(StageKind.EndToEnd) with { Steps = 40, LearningRate = 1e-2, Schedule = new(ScheduleKind.Cosine, 0.1, 0) }, reports);
        var after = Evaluator.Run(teacher, [batch]);

        Falls(reports);
        Assert.Equal(8, after.Turns);
        Assert.True(before.Average < 0.5 && after.Average == 1, $"{before.Average} before, {after.Average} after; {string.Join(' ', reports.Losses)}");
        Assert.All(teacher.Tensors.Values, tensor => Assert.True(!tensor.requires_grad && tensor.grad is null));
    }

    [Fact]
    public void A_source_is_evaluated_whole_and_batches_of_any_size_agree()
    {
        using var teacher = TinyModels.DrawTeacher();
        var source = TinyModels.Conversations(count: 5);
        var progress = new List<long>();
        var one = Evaluator.Run(teacher, source, TinyModels.Encoder, batch: 1);
        var three = Evaluator.Run(teacher, source, TinyModels.Encoder, batch: 3, progress: new Collected(progress));
        Assert.Equal(10, three.Turns);
        Assert.Equal([3L, 5L], progress);
        Assert.Equal(one.Kinds, three.Kinds);
        Assert.Equal(one.Samples.Select(sample => (sample.Item, sample.Turn)), three.Samples.Select(sample => (sample.Item, sample.Turn)));
        Assert.Contains(one.Samples, sample => sample.Item > 0);
        Assert.Equal(one.Samples.SelectMany(sample => sample.Predicted), three.Samples.SelectMany(sample => sample.Predicted));
    }

    sealed class Collected(List<long> values) : IProgress<long>
    {
        public void Report(long value) => values.Add(value);
    }
}
