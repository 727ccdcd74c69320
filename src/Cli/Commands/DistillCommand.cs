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
        var command = new Command("distill", "Seed a student from its teacher, run the stages of its recipe, and report.") { model, teacher, output, scale };
        var recipe = new TeacherOptions(command, "Without it: the one that comes with the tool, if it is of that model.", "teacher-");
        var run = new RunOptions(command);
        command.SetAction((result, cancellation) =>
        {
            var (student, library) = SpecLibrary.Find(result.GetRequiredValue(model));
            Run(new(student, library, result.GetValue(teacher), result.GetValue(run.Data) is not null, result.GetValue(output) ?? Path.Combine("runs", student.Plan.Name), result.GetValue(scale)),
                recipe.Read(result, BundledOrNull(student.Plan.Teacher)), run.Open(result, cancellation), cancellation);
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    sealed record Asked(NamedModel Student, SpecLibrary Library, string? Teacher, bool HasData, string Output, double Scale);

    static void Run(Asked asked, TeacherRecipe recipe, RunSettings settings, CancellationToken cancellation)
    {
        var plan = asked.Student.Plan;
        if (plan.Teacher is null) throw new InputException($"{plan.Name} has no teacher; distil a student.");
        var teacherModel = asked.Library.Model(plan.Teacher);
        _ = Encoders.For(plan); // settled before a model is made, which may be large
        var checkpoint = asked.Teacher ?? (asked.HasData ? null : Bundled(plan.Teacher));

        using var loaded = checkpoint is null ? null : Checkpoint.Load(teacherModel.Plan, checkpoint, settings.Device);
        using var output = OutputFolder.Create(asked.Output);
        var clock = Stopwatch.StartNew();
        var console = AnsiConsole.Console;
        console.Profile.Out.Writer.WriteLine(Printable.Line($"{plan.Name} from {plan.Teacher} on {settings.Data.Description}; {Compute.Describe(settings.Device)}"));
        DistillOutcome outcome;
        using (var display = new RunDisplay(console))
        {
            using var trained = loaded is null ? Train(teacherModel, recipe, settings, output, display, cancellation) : null;
            outcome = DistillJob.Run((loaded ?? trained)!, plan, Sheet.Render(asked.Student.Resolved), asked.Scale, settings, output, display, cancellation);
        }
        var origin = asked.Teacher ?? (checkpoint is null ? Origin(recipe) : "the one that comes with the tool");
        DistillReport.Write(asked.Student.Resolved, outcome, settings, origin, clock.Elapsed, output, console);
        output.Complete();
        console.Profile.Out.Writer.WriteLine(Printable.Line($"report: {Path.Combine(asked.Output, "report.html")}"));
    }

    static VisionLanguageModel Train(
        NamedModel model, TeacherRecipe recipe, RunSettings settings, OutputFolder output, RunDisplay display, CancellationToken cancellation)
    {
        display.Begin("teacher");
        var (teacher, _) = TeacherJob.Run(model.Plan, recipe, settings, display, cancellation);
        Checkpoint.Save(teacher, output.At("teacher.safetensors"), new Dictionary<string, string> { [Checkpoint.SheetKey] = Sheet.Render(model.Resolved) });
        return teacher;
    }

    static string Origin(TeacherRecipe recipe) => string.Create(CultureInfo.InvariantCulture,
        $"trained here, {recipe.Steps} steps of {recipe.Batch}, from {(recipe.From is null ? "scratch" : Path.GetFileName(recipe.From))}");

    static string Bundled(string teacher) => BundledOrNull(teacher)
        ?? throw new InputException($"no checkpoint of {teacher} comes with the tool; name one with --teacher, or train one on --data.");

    static string? BundledOrNull(string? teacher) => teacher == TinyTeacher.Model ? TinyTeacher.Path : null;
}
