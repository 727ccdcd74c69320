using System.CommandLine;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Live;
using MmMamba.Cli.Reports;
using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Rendering;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using Spectre.Console;
using TorchSharp;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba train</c>: a teacher, from nothing or from another teacher.</summary>
static class TrainCommand
{
    const string RunKey = "mmmamba.run";

    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "A teacher: a built-in model's name or a spec file.", DefaultValueFactory = _ => "TinyHovle" };
        var output = RunOptions.NotEmpty(new Option<string>("--output") { Description = "The checkpoint to write.", Required = true });
        var half = new Option<bool>("--half") { Description = "Store float16: half the size, for a teacher that is only read." };
        var command = new Command("train", "Train a teacher on pictures and questions.") { model, output, half };
        var states = new StateArguments(command);
        var recipe = new TeacherOptions(command, "Without it: scratch.");
        var run = new RunOptions(command);
        command.SetAction((result, cancellation) =>
        {
            Train(
                result.GetRequiredValue(model), result.GetRequiredValue(output), result.GetValue(half), states.Read(result), recipe.Read(result, start: null), run.Open(result, cancellation),
                cancellation);
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    static void Train(
        string name, string output, bool half, (bool Resume, StateOptions Options) asked, TeacherRecipe recipe, RunSettings settings, CancellationToken cancellation)
    {
        var model = SpecLibrary.Find(name).Model;
        var plan = model.Plan;
        var path = output + ".run"; // the run's folder beside its output
        if (plan.Teacher is not null) throw new InputException($"{plan.Name} is a student of {plan.Teacher}; train a teacher, and distil the student from it.");
        if (Directory.Exists(output) || File.Exists(output) && !(asked.Resume && Directory.Exists(path)))
            throw new InputException($"{output}: exists{(asked.Resume ? $", and there is no {path} that tells what it was asked for" : "")}; name another file, or remove it.");
        if (Path.GetDirectoryName(Path.GetFullPath(output)) is { } parent && !Directory.Exists(parent))
            throw new InputException($"{output}: there is no folder {parent}; make it first.");
        settings.Data.RequireHeldOut(settings.TestConversations, cancellation);
        using var teacher = TeacherJob.Begin(plan, recipe, settings);
        var record = RunRecord.Of("train", plan, settings, ("teacher", TeacherJob.Record(recipe, teacher)), ("half", half));
        using var folder = RunFolder.Open(path, record, asked.Resume, Say);
        // From here on the folder is held: no other process writes the output meanwhile.
        if (File.Exists(output))
        {
            if (!IsOf(record, output)) throw new InputException($"{output}: exists, and is not what the run in {path} wrote; name another file, or remove it.");
            if (!folder.IsFinished) Complete();
            Say($"{output}: this run is finished; there is nothing left to do");
            return;
        }
        if (folder.IsFinished) throw new InputException($"{path}: this run is finished, and {output} is gone; remove {path} to begin anew, or name another file.");
        Say($"{plan.Name} on {settings.Data.Description}; {Compute.Describe(settings.Device)}");
        RunStoppedException.Run(folder, () =>
        {
            using var display = new RunDisplay(AnsiConsole.Console);
            TeacherJob.Train(teacher, recipe, settings, folder, asked.Options, display, cancellation);
            display.Begin("ask the teacher model");
            var judged = Judge.Ask(teacher, settings, cancellation);
            using (var metrics = new MetricsFile(folder.At(RunFolder.Metrics))) metrics.Evaluation("teacher", judged);
            display.Note(string.Join("  ", judged.Kinds.Select(kind => FormattableString.Invariant($"{kind.Kind} {100 * kind.Accuracy.Value:0.0} (chance {100 * kind.Chance:0.0})"))));
            var metadata = new Dictionary<string, string> { [Checkpoint.SheetKey] = Sheet.Render(model.Resolved), [RunKey] = record.Digest };
            Checkpoint.Save(teacher, output, metadata, storeAs: half ? torch.ScalarType.Float16 : null);
            Complete();
        });

        void Complete()
        {
            new TrainingStates(folder.At(""), asked.Options).Finish(StageNames.Teacher);
            folder.Complete();
        }
    }

    // A process may end between the writing of its output and that of its folder's end: the output says whose it is.
    static bool IsOf(RunRecord record, string output)
    {
        try
        {
            using var file = SafetensorsFile.Open(output);
            return file.Metadata.GetValueOrDefault(RunKey) == record.Digest;
        }
        catch (InputException)
        {
            return false;
        }
    }

    static void Say(string line) => AnsiConsole.Console.Profile.Out.Writer.WriteLine(Printable.Line(line));
}
