using System.Diagnostics;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Tests.Engine;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Distillation;

/// <summary>Parts of steps are timed, each by itself, while somebody asks.</summary>
public sealed class StepProfileTests
{
    [Fact]
    public void Every_part_of_a_step_is_told_once_and_no_time_twice()
    {
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        TrainingOptions Options(StageKind kind) => TrainingOptions.Of(GoldenModel.Hybrid.RecipeOf(), kind) with { Steps = 1, Batch = 2 };
        using var profile = new StepProfile(CPU);
        var watch = Stopwatch.StartNew();
        using var introduced = new MixerDistillation(teacher, GoldenModel.Hybrid).RunIntroduced(StageGoldens.Batches(), Options(StageKind.Introduced));
        Told();
        watch.Restart();
        using var mixers = MixerArtefact.Skipped(introduced);
        using var student = new EndToEndDistillation(teacher, GoldenModel.Hybrid)
            .Run(mixers, StageGoldens.Batches(), Options(StageKind.EndToEnd), source => new VisionLanguageModel(GoldenModel.Hybrid, source)).Student;
        Told();

        void Told()
        {
            var all = watch.Elapsed;
            var parts = profile.Take();
            Assert.All(Enum.GetValues<StepPart>(), part => Assert.True(parts[part] > TimeSpan.Zero, $"{part}"));
            Assert.InRange(parts.Values.Aggregate((a, b) => a + b), TimeSpan.Zero, all);
            Assert.All(profile.Take().Values, time => Assert.Equal(TimeSpan.Zero, time));
        }
    }

    [Fact]
    public void One_profile_at_a_time()
    {
        using (new StepProfile(CPU))
            Assert.Throws<InvalidOperationException>(() => new StepProfile(CPU));
        new StepProfile(CPU).Dispose();
    }
}
