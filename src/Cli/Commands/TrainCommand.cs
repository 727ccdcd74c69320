using System.CommandLine;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Live;
using MmMamba.Cli.Reports;
using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Rendering;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using Spectre.Console;
using TorchSharp;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba train</c>: a teacher, from nothing or from another teacher.</summary>
static class TrainCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "A teacher: a built-in model's name or a spec file.", DefaultValueFactory = _ => "TinyHovle" };
        var output = RunOptions.NotEmpty(new Option<string>("--output") { Description = "The checkpoint to write.", Required = true });
        var half = new Option<bool>("--half") { Description = "Store float16: half the size, for a teacher that is only read." };
        var command = new Command("train", "Train a teacher on pictures and questions.") { model, output, half };
        var recipe = new TeacherOptions(command, "Without it: scratch.");
        var run = new RunOptions(command);
        command.SetAction((result, cancellation) =>
        {
            Train(result.GetRequiredValue(model), result.GetRequiredValue(output), result.GetValue(half), recipe.Read(result, start: null), run.Open(result, cancellation), cancellation);
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    static void Train(string name, string output, bool half, TeacherRecipe recipe, RunSettings settings, CancellationToken cancellation)
    {
        var model = SpecLibrary.Find(name).Model;
        var plan = model.Plan;
        if (plan.Teacher is not null) throw new InputException($"{plan.Name} is a student of {plan.Teacher}; train a teacher, and distil the student from it.");
        if (File.Exists(output) || Directory.Exists(output)) throw new InputException($"{output}: exists; name another file, or remove it.");
        if (Path.GetDirectoryName(Path.GetFullPath(output)) is { } folder && !Directory.Exists(folder))
            throw new InputException($"{output}: there is no folder {folder}; make it first.");
        AnsiConsole.Console.Profile.Out.Writer.WriteLine(Printable.Line($"{plan.Name} on {settings.Data.Description}; {Compute.Describe(settings.Device)}"));
        using var display = new RunDisplay(AnsiConsole.Console);
        display.Begin("teacher");
        var (teacher, summary) = TeacherJob.Run(plan, recipe, settings, display, cancellation);
        using var trained = teacher;
        display.Note(FormattableString.Invariant($"loss {summary.FirstLoss:0.###} -> {summary.LastLoss:0.###}"));
        Checkpoint.Save(teacher, output, new Dictionary<string, string> { [Checkpoint.SheetKey] = Sheet.Render(model.Resolved) }, storeAs: half ? torch.ScalarType.Float16 : null);
        display.Begin("ask the teacher model");
        var judged = Judge.Ask(teacher, settings, cancellation);
        display.Note(string.Join("  ", judged.Kinds.Select(kind => FormattableString.Invariant($"{kind.Kind} {100 * kind.Accuracy.Value:0.0} (chance {100 * kind.Chance:0.0})"))));
    }
}
