using System.Diagnostics;
using MmMamba.Cli.Jobs;
using MmMamba.Runtime;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Evaluation;
using MmMamba.Runtime.Plans;

namespace MmMamba.Cli.Ablations;

/// <summary>Does one piece of an ablation's work after the other, with a teacher and data that are loaded once.</summary>
/// <param name="teacher">The teacher.</param>
/// <param name="setup">The run.</param>
/// <param name="settings">Data and device.</param>
/// <param name="tell">Receives what is to be told.</param>
/// <param name="cancellation">Stops between two batches.</param>
sealed class AblationWorker(
    VisionLanguageModel teacher, WorkerSetup setup, RunSettings settings, Action<WorkerReply> tell, CancellationToken cancellation) : IStageWatcher
{
    static readonly TimeSpan Pause = TimeSpan.FromSeconds(0.2);

    readonly Stopwatch _told = Stopwatch.StartNew();

    /// <summary>Does a piece of work; what is done of it already is not done again.</summary>
    public void Do(WorkerTask task)
    {
        if (task.Stage is { } stage) Run(task, stage);
        else Ask(task);
    }

    void Run(WorkerTask task, StageKind stage)
    {
        var plan = PlanJson.Parse(task.Plan!);
        using var folder = RunFolder.Open(At(task.Path), new(task.Record, Compute.Describe(settings.Device)), resume: true, Note, AblationJob.FileOf(stage));
        if (folder.IsFinished) return;
        var states = default(TrainingStates);
        using (var metrics = new MetricsFile(folder.At(RunFolder.Metrics)))
        {
            states = new(folder.At(""), setup.States, Note, metrics.Flush);
            var runner = new StageRunner(teacher, plan, setup.Scale, settings with { Seed = task.Seed }, states, metrics, this, cancellation);
            var result = folder.At(AblationJob.FileOf(stage));
            if (!File.Exists(result)) Make(runner, stage, plan, task, result);
        }
        states.Finish(stage.NameOf());
        folder.Complete();
    }

    void Make(StageRunner runner, StageKind stage, ModelPlan plan, WorkerTask task, string result)
    {
        switch (stage)
        {
            case StageKind.Introduced:
                using (var made = runner.Introduced()) made.Save(result);
                break;
            case StageKind.Mixer:
                using (var start = Introduced(plan, task))
                using (var made = runner.Mixer(start)) made.Save(result);
                break;
            default:
                using (var start = Mixers(plan, task))
                {
                    var (student, chain) = runner.EndToEnd(start);
                    using (student) RunModel.Save(student, result, task.Sheet, chain);
                }
                break;
        }
    }

    void Ask(WorkerTask task)
    {
        using var student = task.Plan is null ? null : Student(PlanJson.Parse(task.Plan), task);
        var model = student ?? teacher;
        var answers = Evaluator.Answer(model, Judge.Questions(Encoders.For(model.Plan), settings, cancellation), teacher, cancellation: cancellation);
        AnswerTable.Of(answers).Write(At(task.Path));
    }

    IntroducedArtefact Introduced(ModelPlan plan, WorkerTask task) => task.After is { } after
        ? IntroducedArtefact.Load(At(after.File), plan, settings.Device)
        : IntroducedArtefact.Skipped(teacher, plan, task.Seed);

    MixerArtefact Mixers(ModelPlan plan, WorkerTask task)
    {
        if (task.After is { Stage: StageKind.Mixer } after) return MixerArtefact.Load(At(after.File), plan, settings.Device);
        using var start = Introduced(plan, task);
        return MixerArtefact.Skipped(start);
    }

    VisionLanguageModel Student(ModelPlan plan, WorkerTask task)
    {
        if (task.After is { Stage: StageKind.EndToEnd } after)
            return RunModel.Load(plan, At(after.File), settings.Device) ?? throw new InputException($"{after.File}: is not there any more; go on with --resume, and it is computed again.");
        using var mixers = Mixers(plan, task);
        return StudentAssembly.Build(teacher, plan, mixers.Mixers);
    }

    string At(string path) => Path.Combine(setup.Folder, path);

    public void Note(string note) => tell(new(ReplyKind.Note, note));

    public void Report(StepReport step, long? memory)
    {
        if (step.Step < step.Steps && _told.Elapsed < Pause) return;
        _told.Restart();
        tell(new(ReplyKind.Step, Step: step, Memory: memory));
    }
}
