using System.Diagnostics;
using MmMamba.Runtime;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Cli.Jobs;

/// <summary>What is timed.</summary>
/// <param name="Length">Tokens of a sequence.</param>
/// <param name="Batch">Sequences of a step.</param>
/// <param name="Steps">Steps that are timed, after <see cref="TrainingBench.WarmUp"/> that are not.</param>
/// <param name="Stage">The one stage that is run; null runs all three.</param>
/// <param name="Checkpointing">Whether the end-to-end stage runs layers again for their gradients.</param>
/// <param name="Profile">Whether the parts of the steps are timed too, in steps of their own after the others.</param>
sealed record TrainingLoad(int Length, int Batch, int Steps, StageKind? Stage, bool Checkpointing, bool Profile)
{
    /// <summary>Tokens of a step.</summary>
    public long Tokens => (long)Length * Batch;
}

/// <summary>One stage's steps.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Trained">Numbers that it trains.</param>
/// <param name="Milliseconds">Of each timed step: the teacher's pass, gradients and AdamW.</param>
/// <param name="Parts">Milliseconds of each part in the steps that were profiled; null where none were.</param>
/// <param name="PeakBytes">Memory of the process so far, at most; null where it cannot be told.</param>
sealed record StageTiming(StageKind Stage, long Trained, IReadOnlyList<double> Milliseconds, IReadOnlyDictionary<StepPart, double[]>? Parts, long? PeakBytes)
{
    public double MedianMs => Median.Of(Milliseconds);
}

/// <summary>Times the stages of a student's recipe on tokens that say nothing.</summary>
static class TrainingBench
{
    /// <summary>Steps before the clock counts: kernels are chosen and memory is taken in them.</summary>
    public const int WarmUp = 3;

    /// <summary>Most tokens of a step.</summary>
    public const long MostTokens = 1 << 24;

    public static IEnumerable<StageTiming> Run(VisionLanguageModel teacher, ModelPlan student, TrainingLoad load, CancellationToken cancellation)
    {
        var recipe = student.RecipeOf();
        bool Wanted(StageKind kind) => load.Stage is null || load.Stage == kind;
        var stages = new MixerDistillation(teacher, student);
        using var seeded = IntroducedArtefact.Skipped(teacher, student, seed: 0);
        if (Wanted(StageKind.Introduced))
            yield return Time(StageKind.Introduced, (options, clock) => stages.RunIntroduced(Batches(teacher, load), options, clock, cancellation).Dispose());
        if (Wanted(StageKind.Mixer))
            yield return Time(StageKind.Mixer, (options, clock) => stages.RunMixer(seeded, Batches(teacher, load), options, clock, cancellation).Dispose());
        if (!Wanted(StageKind.EndToEnd)) yield break;
        using var mixers = MixerArtefact.Skipped(seeded);
        yield return Time(StageKind.EndToEnd, (options, clock) => new EndToEndDistillation(teacher, student)
            .Run(mixers, Batches(teacher, load), options, source => new VisionLanguageModel(student, source), clock, cancellation).Student.Dispose());

        StageTiming Time(StageKind kind, Action<TrainingOptions, IProgress<StepReport>> run)
        {
            var profiled = load.Profile ? load.Steps : 0;
            using var clock = new StepClock(teacher.Device, WarmUp + load.Steps);
            run(TrainingOptions.Of(recipe, kind) with { Steps = WarmUp + load.Steps + profiled, Batch = load.Batch, GradientCheckpointing = load.Checkpointing }, clock);
            var trained = recipe.StageOf(kind).TrainedCount;
            return new(kind, trained, [.. clock.Milliseconds.Skip(WarmUp)], load.Profile ? clock.Parts : null, Machine.PeakBytesOn(teacher.Device));
        }
    }

    // Drawn ids, the same at every run; no pictures, so that a step's tokens are those that were asked for.
    static IEnumerable<Batch> Batches(VisionLanguageModel teacher, TrainingLoad load)
    {
        var ids = new Random(0);
        while (true)
        {
            using var scope = NewDisposeScope();
            var drawn = Enumerable.Range(0, load.Batch * load.Length).Select(_ => (long)ids.Next(teacher.Plan.Tokens.Image)).ToArray();
            yield return new(new ModelInput(tensor(drawn, [load.Batch, load.Length], device: teacher.Device)), []);
        }
    }

    // Steps one by one; those after the plain ones part by part.
    sealed class StepClock(Device device, int plain) : IProgress<StepReport>, IDisposable
    {
        readonly Stopwatch _watch = Stopwatch.StartNew();
        readonly List<IReadOnlyDictionary<StepPart, TimeSpan>> _parts = [];
        StepProfile? _profile;
        TimeSpan _last;

        public List<double> Milliseconds { get; } = [];

        public IReadOnlyDictionary<StepPart, double[]> Parts =>
            Enum.GetValues<StepPart>().ToDictionary(part => part, part => _parts.Select(step => step[part].TotalMilliseconds).ToArray());

        public void Report(StepReport value)
        {
            if (device.type == DeviceType.CUDA) cuda.synchronize();
            if (_profile is not null)
            {
                _parts.Add(_profile.Take());
                return;
            }
            var now = _watch.Elapsed;
            Milliseconds.Add((now - _last).TotalMilliseconds);
            _last = now;
            if (Milliseconds.Count == plain && value.Step < value.Steps) _profile = new(device);
        }

        public void Dispose() => _profile?.Dispose();
    }
}
