using MmMamba.Runtime;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;

namespace MmMamba.Cli.Jobs;

/// <summary>Looks on while stages are run.</summary>
interface IStageWatcher
{
    /// <summary>Told after every step, with the memory that the job takes then, in bytes; null where nobody tells.</summary>
    void Report(StepReport step, long? memory);

    /// <summary>Told what a person should know, in a few words.</summary>
    void Note(string note);
}

/// <summary>Runs the stages of a student's recipe on a run's data: the same steps, draws and conversations, whoever asks for a stage.</summary>
/// <param name="teacher">The trained teacher.</param>
/// <param name="plan">The student.</param>
/// <param name="scale">Factor on the recipe's steps.</param>
/// <param name="settings">Data, seed, device.</param>
/// <param name="states">Where a stage goes on.</param>
/// <param name="metrics">Receives every step.</param>
/// <param name="watcher">Looks on.</param>
/// <param name="cancellation">Stops between two batches.</param>
sealed class StageRunner(
    VisionLanguageModel teacher, ModelPlan plan, double scale, RunSettings settings, TrainingStates states, MetricsFile metrics, IStageWatcher watcher,
    CancellationToken cancellation)
{
    readonly DistillationPlan _recipe = plan.RecipeOf();

    /// <summary>Stage 1.</summary>
    public IntroducedArtefact Introduced() => Stage(StageKind.Introduced, (data, options, progress) =>
        new MixerDistillation(teacher, plan).RunIntroduced(data, options, progress, cancellation, states));

    /// <summary>Stage 2.</summary>
    /// <param name="start">Where it begins; stays as it is.</param>
    public MixerArtefact Mixer(IntroducedArtefact start) => Stage(StageKind.Mixer, (data, options, progress) =>
        new MixerDistillation(teacher, plan).RunMixer(start, data, options, progress, cancellation, states));

    /// <summary>Stage 3.</summary>
    /// <param name="start">Its mixers; stays as it is.</param>
    public StudentArtefact<VisionLanguageModel> EndToEnd(MixerArtefact start) => Stage(StageKind.EndToEnd, (data, options, progress) =>
        new EndToEndDistillation(teacher, plan).Run(start, data, options, source => new VisionLanguageModel(plan, source), progress, cancellation, states));

    T Stage<T>(StageKind kind, Func<IEnumerable<Batch>, TrainingOptions, IProgress<StepReport>, T> run)
    {
        var recorder = new RunRecorder(watcher, metrics, settings.Device);
        var made = run(Data(kind), Options(kind), recorder);
        recorder.TellLost();
        return made;
    }

    TrainingOptions Options(StageKind kind)
    {
        var declared = TrainingOptions.Of(_recipe, kind);
        return settings.Trainer.Of(declared with
        {
            Steps = Math.Max(1, (int)Math.Round(declared.Steps * scale)),
            Seed = settings.Seed,
            Data = settings.Data.Description,
            MostUnreadable = settings.Data.MostUnreadable,
        });
    }

    // Each stage sees conversations of its own, as a single pass over a large set would give.
    IEnumerable<Batch> Data(StageKind kind) => new BatchLoader(
        settings.Data.Training(settings.Seed * 16 + (ulong)kind + 1), Encoders.For(plan), new()
        {
            Size = _recipe.StageOf(kind).Batch,
            Workers = settings.Workers,
            Endless = true,
            Shuffle = settings.Data.IsFinite ? settings.Seed * 16 + (ulong)kind + 1 : null,
            PassUnreadable = true,
            Device = settings.Trainer.Cuts ? null : settings.Device,
        }).Read(cancellation);
}
