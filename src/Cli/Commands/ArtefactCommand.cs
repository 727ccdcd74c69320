using System.CommandLine;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Reports;
using MmMamba.Cli.Specs;
using MmMamba.Runtime;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba artefact</c>: a state of a run as what its stage would have left if it had ended there.</summary>
static class ArtefactCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "The model that the run was asked for: a built-in model's name or a spec file." };
        var state = new Argument<string>("state") { Description = "A state in the run's folder, of 'distill' or of 'train'." };
        var teacher = RunOptions.NotEmpty(new Option<string?>("--teacher") { Description = "The run's teacher; without it, the one that the run trained or that comes with the tool." });
        var output = RunOptions.NotEmpty(new Option<string>("--output") { Description = "The file to write.", Required = true });
        var command = new Command("artefact", "Write a state of a run as what its stage would have left if it had ended there: an artefact to begin after, or a checkpoint.") { model, state, teacher, output };
        command.SetAction(result =>
        {
            var target = result.GetRequiredValue(output);
            if (File.Exists(target) || Directory.Exists(target)) throw new InputException($"{target}: exists; name another file, or remove it.");
            var (named, library) = SpecLibrary.Find(result.GetRequiredValue(model));
            var made = ArtefactJob.Run(named, library, result.GetRequiredValue(state), result.GetValue(teacher), target);
            Console.WriteLine(Printable.Line(FormattableString.Invariant($"{target}: {made.Stage} after step {made.Step} of {made.Options.Steps}")));
            return ExitCode.Ok;
        });
        return command;
    }
}
