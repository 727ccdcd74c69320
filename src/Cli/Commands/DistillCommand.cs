using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Live;
using MmMamba.Cli.Reports;
using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Rendering;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using Spectre.Console;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba distill</c>: the whole way from a teacher to a distilled student, with a report.</summary>
static class DistillCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "A student: a built-in model's name or a spec file.", DefaultValueFactory = _ => "TinyMmMambaHybrid" };
        var teacher = new Option<string?>("--teacher") { Description = "The teacher's checkpoint. Without it: the one that comes with the tool, or with --data one that is trained first." };
        var output = RunOptions.NotEmpty(new Option<string?>("--output") { Description = "The report's folder; runs/<model> if none is named." });
        var scale = RunOptions.Range(new Option<double>("--scale") { Description = "Factor on the steps of the recipe's stages.", DefaultValueFactory = _ => 1.0 }, 1e-6, 1e6);
        var start = RunOptions.NotEmpty(new Option<string?>("--from-stage") { Description = "An artefact of the introduced or the mixer stage, of this teacher, to begin after." });
        var command = new Command("distill", "Seed a student from its teacher, run the stages of its recipe, and report.") { model, teacher, output, scale, start };
        var states = new StateArguments(command);
        var recipe = new TeacherOptions(command, "Without it: the one that comes with the tool, if it is of that model.", "teacher-");
        var run = new RunOptions(command);
        var trainer = new TrainerOptions(command);
        command.SetAction((result, cancellation) =>
        {
            var (student, library) = SpecLibrary.Find(result.GetRequiredValue(model));
            Run(new(student, library, result.GetValue(teacher), result.GetValue(run.Data) is not null, result.GetValue(output) ?? Path.Combine("runs", student.Plan.Name), result.GetValue(scale), result.GetValue(start), states.Read(result)),
                recipe.Read(result, BundledOrNull(student.Plan.Teacher)), run.Open(result, cancellation) with { Trainer = trainer.Read(result) }, cancellation);
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    sealed record Asked(
        NamedModel Student, SpecLibrary Library, string? Teacher, bool HasData, string Output, double Scale, string? Start, (bool Resume, StateOptions Options) States);

    static void Run(Asked asked, TeacherRecipe recipe, RunSettings settings, CancellationToken cancellation)
    {
        var plan = asked.Student.Plan;
        if (plan.Teacher is null) throw new InputException($"{plan.Name} has no teacher; distil a student.");
        var teacherModel = asked.Library.Model(plan.Teacher);
        _ = Encoders.For(plan); // settled before a model is made, which may be large
        var checkpoint = asked.Teacher ?? (asked.HasData ? null : Bundled(plan.Teacher));
        settings.Data.RequireHeldOut(settings.TestConversations, cancellation);
        if (asked.Start is not null && checkpoint is null) throw new InputException($"{asked.Start}: an artefact belongs to a teacher; name it with --teacher.");

        // Whatever can be refused is, before there is a folder.
        using var teacher = checkpoint is null ? TeacherJob.Begin(teacherModel.Plan, recipe, settings) : Checkpoint.Load(teacherModel.Plan, checkpoint, settings.Device, settings.Trainer.Dtype);
        var record = RunRecord.Of("distill", plan, settings,
        [
            ("scale", asked.Scale),
            ("teacher", checkpoint is null ? TeacherJob.Record(recipe, teacher) : TeacherIdentity.Of(teacher).Hash),
            ("teacher_architecture", teacher.Plan.Fingerprint),
            ("from_stage", asked.Start is null ? null : StageFiles.Check(asked.Start, plan, teacher)),
            .. settings.Trainer.Record,
        ]);
        var console = AnsiConsole.Console;
        using var folder = RunFolder.Open(asked.Output, record, asked.States.Resume, Say);
        if (folder.IsFinished)
        {
            Say($"{asked.Output}: this run is finished; there is nothing left to do");
            return;
        }
        if (asked.Start is not null) StageFiles.Take(asked.Start, folder);
        Say($"{plan.Name} from {plan.Teacher} on {settings.Data.Description}; {Compute.Describe(settings.Device)}");
        RunStoppedException.Run(folder, () =>
        {
            var clock = Stopwatch.StartNew();
            DistillOutcome outcome;
            using (var display = new RunDisplay(console))
            {
                if (checkpoint is null) Train(teacher, teacherModel, recipe, settings, folder, asked.States.Options, display, cancellation);
                // A teacher that was trained here was so in float32.
                using var rounded = teacher.Dtype == settings.Trainer.Dtype ? null : Checkpoint.Load(teacherModel.Plan, folder.At("teacher.safetensors"), settings.Device, settings.Trainer.Dtype);
                using var job = new DistillJob(rounded ?? teacher, plan, Sheet.Render(asked.Student.Resolved), asked.Scale, settings, folder, asked.States.Options, display, cancellation);
                outcome = job.Run();
            }
            var origin = asked.Teacher ?? (checkpoint is null ? Origin(recipe) : "the one that comes with the tool");
            DistillReport.Write(asked.Student.Resolved, teacherModel.Resolved, outcome, settings, origin, clock.Elapsed, folder, console);
            folder.Complete();
        });
        Say($"report: {Path.Combine(asked.Output, "report.html")}");

        void Say(string line) => console.Profile.Out.Writer.WriteLine(Printable.Line(line));
    }

    static void Train(
        VisionLanguageModel teacher, NamedModel model, TeacherRecipe recipe, RunSettings settings, RunFolder folder, StateOptions options, RunDisplay display,
        CancellationToken cancellation)
    {
        var path = folder.At("teacher.safetensors");
        if (RunModel.Restore(teacher, path))
        {
            display.Begin(StageNames.Teacher);
            display.Note("taken from the folder");
        }
        else
        {
            TeacherJob.Train(teacher, recipe, settings, folder, options, display, cancellation);
            RunModel.Save(teacher, path, Sheet.Render(model.Resolved));
        }
        new TrainingStates(folder.At(""), options).Finish(StageNames.Teacher);
    }

    static string Origin(TeacherRecipe recipe) => string.Create(CultureInfo.InvariantCulture,
        $"trained here, {recipe.Steps} steps of {recipe.Batch}, from {(recipe.From is null ? "scratch" : Path.GetFileName(recipe.From))}");

    static string Bundled(string teacher) => BundledOrNull(teacher)
        ?? throw new InputException($"no checkpoint of {teacher} comes with the tool; name one with --teacher, or train one on --data.");

    static string? BundledOrNull(string? teacher) => teacher == TinyTeacher.Model ? TinyTeacher.Path : null;
}
