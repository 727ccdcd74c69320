using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Tests.Checkpoints;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Distillation;

/// <summary>A run that goes on after any of its steps ends as the undisturbed one, bit for bit.</summary>
public sealed class ResumeLawTests : IDisposable
{
    const int Steps = 5;

    // Rows whose loss is no number: the second one of the second step, and the first one of the last but one.
    static readonly (int Step, int Row)[] Broken = [(1, 1), (3, 0)];

    readonly TemporaryFolder _folder = new();
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    static TrainingOptions Options(StageKind kind) => TrainingOptions.Of(GoldenModel.Hybrid.RecipeOf(), kind) with
    {
        Steps = Steps, MicroBatch = 1, Batch = 2, LearningRate = 1e-2, Schedule = new(ScheduleKind.Wsd, 0.2, 0.3), Seed = 7, Data = "rows",
    };

    static Batch[] Batches()
    {
        using var one = StageGoldens.Batches().First();
        return
        [
            .. Enumerable.Range(0, Steps).Select(step => new Batch(
                new ModelInput(one.Input.InputIds.clone(), cat([.. Enumerable.Range(0, 2).Select(row =>
                    one.Input.PixelValues!.narrow(0, row, 1) * (Broken.Contains((step, row)) ? float.NaN : 1 + 0.1f * (2 * step + row)))])),
                [.. Enumerable.Range(0, 2).Select(row => new EncodedConversation([.. one.Input.InputIds[row].data<long>().Select(id => (int)id)], [], 1, [new(0, "a", 6, 3)]))])),
        ];
    }

    /// <summary>Holds the law for a run: a function of data and states that gives all that it made.</summary>
    void Holds(string stage, Func<IEnumerable<Batch>, TrainingStates?, Reports, string> run)
    {
        var batches = Batches();
        var (undisturbed, watched) = (new Reports(), new Reports());
        var expected = run(batches, null, undisturbed);
        Assert.Equal(expected, run(batches, new(_folder.Path, new() { EverySteps = 1, Keep = Steps }), watched));
        Assert.Equal([false, true, false, true, false], undisturbed.All.Select(report => report.Skipped));
        Assert.Equal(Told(undisturbed), Told(watched));

        var states = Directory.GetFiles(_folder[TrainingStates.Folder]).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(Enumerable.Range(1, Steps).Select(step => $"{stage}-{step:D8}.safetensors"), states.Select(Path.GetFileName));
        for (var step = 1; step <= Steps; step++)
        {
            var folder = _folder[$"after-{step}"];
            Directory.CreateDirectory(Path.Combine(folder, TrainingStates.Folder));
            foreach (var state in states[..step]) File.Copy(state, Path.Combine(folder, TrainingStates.Folder, Path.GetFileName(state)));
            var (reports, told) = (new Reports(), new List<string>());
            var sequence = new Counted(batches);
            Assert.True(expected == run(sequence, new(folder, tell: told.Add), reports), $"{stage} after step {step}");
            Assert.Equal(Told(undisturbed).Skip(step), Told(reports));
            Assert.Equal([$"goes on after step {step} of {Steps}"], told);
            Assert.Equal(batches[step..], sequence.Read); // what went before is not read again
        }
    }

    static IEnumerable<(int, double, double, double, long, bool, int)> Told(Reports reports) => reports.All.Select(report =>
        (report.Step, report.Loss, report.LearningRate, report.GradientNorm, report.Tokens, report.Skipped, report.SkippedSteps));

    [Fact]
    public void The_introduced_stage_goes_on_after_every_step()
    {
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        Holds("introduced", (data, states, reports) =>
        {
            using var artefact = new MixerDistillation(teacher, GoldenModel.Hybrid).RunIntroduced(data, Options(StageKind.Introduced), reports, states: states);
            return artefact.Mixers.Hash + artefact.Mixers.Chain.ToJson();
        });
    }

    [Fact]
    public void The_mixer_stage_goes_on_after_every_step()
    {
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        using var start = IntroducedArtefact.Skipped(teacher, GoldenModel.Hybrid, 3);
        Holds("mixer", (data, states, reports) =>
        {
            using var artefact = new MixerDistillation(teacher, GoldenModel.Hybrid).RunMixer(start, data, Options(StageKind.Mixer), reports, states: states);
            return artefact.Mixers.Hash + artefact.Mixers.Chain.ToJson();
        });
    }

    [Fact]
    public void The_end_to_end_stage_goes_on_after_every_step()
    {
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        using var start = MixerArtefact.Skipped(IntroducedArtefact.Skipped(teacher, GoldenModel.Hybrid, 3));
        Holds("end_to_end", (data, states, reports) =>
        {
            var result = new EndToEndDistillation(teacher, GoldenModel.Hybrid)
                .Run(start, data, Options(StageKind.EndToEnd), source => new VisionLanguageModel(GoldenModel.Hybrid, source), reports, states: states);
            using var student = result.Student;
            return TeacherIdentity.Of(student).Hash + result.Chain.ToJson();
        });
    }

    [Fact]
    public void A_teacher_s_training_goes_on_after_every_step() => Holds(StageNames.Teacher, (data, states, reports) =>
    {
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        var summary = TeacherTraining.Run(teacher, data, Options(StageKind.EndToEnd), reports, states: states);
        Assert.Equal(2, summary.SkippedSteps);
        return $"{TeacherIdentity.Of(teacher).Hash} {summary.Steps} {summary.FirstLoss:R} {summary.LastLoss:R} {summary.Tokens}";
    });

    /// <summary>Batches that remember which were read.</summary>
    sealed class Counted(Batch[] batches, int first = 0, List<Batch>? read = null) : IBatchSequence
    {
        public List<Batch> Read { get; } = read ?? [];

        public IBatchSequence From(long number) => new Counted(batches, (int)number, Read);

        public IEnumerator<Batch> GetEnumerator()
        {
            foreach (var batch in batches[first..])
            {
                Read.Add(batch);
                yield return batch;
            }
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
