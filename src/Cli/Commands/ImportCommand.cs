using System.CommandLine;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Reports;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba import</c>: a published checkpoint into a folder that says what it is.</summary>
static class ImportCommand
{
    public static Command Create()
    {
        var source = new Argument<string>("checkpoint") { Description = "A folder with config.json and weights, or any other checkpoint: safetensors, in one file or in shards." };
        var output = RunOptions.NotEmpty(new Option<string>("--output") { Description = "The folder to make.", Required = true });
        var name = RunOptions.NotEmpty(new Option<string?>("--name") { Description = "What the model is called in its spec; the checkpoint's folder if left out." });
        var command = new Command("import", "Take a checkpoint over with spec, plan and sheet; its weights stay as they are.") { source, output, name };
        command.SetAction((result, cancellation) =>
        {
            var target = result.GetRequiredValue(output);
            var model = ImportJob.Run(result.GetRequiredValue(source), target, result.GetValue(name), cancellation);
            Console.WriteLine(Printable.Line(FormattableString.Invariant($"{target}: {model.Plan.Name}, {model.Plan.ParameterCount:#,0} parameters, {model.Plan.Fingerprint}")));
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }
}
