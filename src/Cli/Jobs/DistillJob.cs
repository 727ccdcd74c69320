using MmMamba.Cli.Live;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Evaluation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;

namespace MmMamba.Cli.Jobs;

/// <summary>The three models of a run, judged by the same questions, and the losses on the way.</summary>
/// <param name="Teacher">The teacher's answers.</param>
/// <param name="Seeded">The student's before any training.</param>
/// <param name="Distilled">The student's after the stages.</param>
/// <param name="Curves">Every step of every stage.</param>
sealed record DistillOutcome(
    EvaluationResult Teacher, EvaluationResult Seeded, EvaluationResult Distilled, IReadOnlyList<StepReport> Curves)
{
    /// <summary>Points by which the teacher has to be above chance, and above the seeded student, for a comparison to say anything.</summary>
    public const double AboveChance = 0.30, AboveSeeded = 0.20;

    /// <summary>Why the comparison says nothing; empty when it does.</summary>
    public IReadOnlyList<string> Void =>
    [
        .. Teacher.Kinds
            .Where(kind => kind.Accuracy.Value < kind.Chance + AboveChance)
            .Select(kind => FormattableString.Invariant($"{kind.Kind}: the teacher's {kind.Accuracy.Value:P1} is less than 30 points above chance ({kind.Chance:P1})")),
        .. Teacher.Kinds
            .Where(kind => kind.Accuracy.Value < Seeded[kind.Kind].Accuracy.Value + AboveSeeded)
            .Select(kind => FormattableString.Invariant($"{kind.Kind}: the teacher's {kind.Accuracy.Value:P1} is less than 20 points above the seeded student's {Seeded[kind.Kind].Accuracy.Value:P1}")),
    ];
}

/// <summary>Seeds a student from its teacher, runs the stages that its recipe names, and judges teacher, seeded and distilled student.</summary>
static class DistillJob
{
    /// <summary>Runs the job.</summary>
    /// <param name="teacher">The trained teacher.</param>
    /// <param name="plan">The student.</param>
    /// <param name="sheet">The student's architecture sheet, which its checkpoint carries.</param>
    /// <param name="scale">Factor on the recipe's steps.</param>
    /// <param name="settings">Data, seed, device.</param>
    /// <param name="output">Receives metrics.jsonl and the student's checkpoint.</param>
    /// <param name="display">Shows what goes on.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    public static DistillOutcome Run(
        VisionLanguageModel teacher, ModelPlan plan, string sheet, double scale, RunSettings settings, OutputFolder output, RunDisplay display, CancellationToken cancellation)
    {
        var recipe = plan.RecipeOf();
        using var metrics = new MetricsFile(output.At("metrics.jsonl"));
        var curves = new List<StepReport>();
        var progress = new Both(display, step =>
        {
            metrics.Step(step);
            curves.Add(step);
        });

        var judgedTeacher = Ask("teacher", teacher);
        using var seeded = new VisionLanguageModel(plan, new SeededParameters(teacher, settings.Seed));
        var judgedSeeded = Ask("seeded", seeded);

        var stages = new MixerDistillation(teacher, plan);
        using var introduced = Runs(StageKind.Introduced)
            ? Stage(StageKind.Introduced).RunIntroduced(Data(StageKind.Introduced), Options(StageKind.Introduced), progress, cancellation)
            : IntroducedArtefact.Skipped(teacher, plan, settings.Seed);
        using var mixers = Runs(StageKind.Mixer)
            ? Stage(StageKind.Mixer).RunMixer(introduced, Data(StageKind.Mixer), Options(StageKind.Mixer), progress, cancellation)
            : MixerArtefact.Skipped(introduced);
        if (Runs(StageKind.EndToEnd)) display.Begin(StageKind.EndToEnd.NameOf());
        var (student, chain) = Runs(StageKind.EndToEnd)
            ? new EndToEndDistillation(teacher, plan).Run(mixers, Data(StageKind.EndToEnd), Options(StageKind.EndToEnd), source => new VisionLanguageModel(plan, source), progress, cancellation)
            : new(StudentAssembly.Build(teacher, plan, mixers.Mixers), mixers.Mixers.Chain);
        using (student)
        {
            var judgedDistilled = Ask("distilled", student);
            Checkpoint.Save(student, output.At("student.safetensors"), new Dictionary<string, string> { [ArtefactChain.MetadataKey] = chain.ToJson(), [Checkpoint.SheetKey] = sheet });
            return new(judgedTeacher, judgedSeeded, judgedDistilled, curves);
        }

        MixerDistillation Stage(StageKind kind)
        {
            display.Begin(kind.NameOf());
            return stages;
        }

        bool Runs(StageKind kind) => recipe.Run.Contains(kind);

        TrainingOptions Options(StageKind kind)
        {
            var declared = TrainingOptions.Of(recipe, kind);
            return declared with
            {
                Steps = Math.Max(1, (int)Math.Round(declared.Steps * scale)),
                Seed = settings.Seed,
                Data = settings.Data.Description,
            };
        }

        // Each stage sees conversations of its own, as a single pass over a large set would give.
        IEnumerable<Batch> Data(StageKind kind) => new BatchLoader(
            settings.Data.Training(settings.Seed * 16 + (ulong)kind + 1), Encoders.For(plan), new()
            {
                Size = recipe.StageOf(kind).Batch,
                Workers = settings.Workers,
                Endless = true,
                Shuffle = settings.Data.IsFinite ? settings.Seed * 16 + (ulong)kind + 1 : null,
                Device = settings.Device,
            }).Read(cancellation);

        EvaluationResult Ask(string name, VisionLanguageModel model)
        {
            display.Begin($"ask the {name} {(name == "teacher" ? "model" : "student")}");
            var result = Judge.Ask(model, settings, cancellation);
            metrics.Evaluation(name, result);
            display.Note(FormattableString.Invariant($"{100 * result.Average:0.0} % of {result.Turns} questions, mean over kinds"));
            return result;
        }
    }

    sealed class Both(RunDisplay display, Action<StepReport> record) : IProgress<StepReport>
    {
        public void Report(StepReport step)
        {
            display.Report(step);
            record(step);
        }
    }
}
