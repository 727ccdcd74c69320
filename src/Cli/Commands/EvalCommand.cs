using System.CommandLine;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Reports;
using MmMamba.Cli.Specs;
using MmMamba.Runtime.Checkpoints;
using Spectre.Console;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba eval</c>: a checkpoint's answers by kind of question.</summary>
static class EvalCommand
{
    public static Command Create()
    {
        var weights = new Argument<string>("weights") { Description = "A checkpoint (safetensors)." };
        var model = new Option<string?>("--model") { Description = "The spec that it must fit, by name or file; without it, the plan that it carries." };
        var command = new Command("eval", "Ask a model questions about test pictures.") { weights, model };
        var run = new RunOptions(command);
        command.SetAction((result, cancellation) =>
        {
            var settings = run.Open(result, cancellation);
            var plan = result.GetValue(model) is { } name ? SpecLibrary.Find(name).Model.Plan : null;
            Console.WriteLine(Printable.Line(Compute.Describe(settings.Device)));
            using var loaded = Checkpoint.Load(plan, result.GetRequiredValue(weights), settings.Device);
            var judged = Judge.Ask(loaded, settings, cancellation);
            ReportTable.Write(AnsiConsole.Console, AccuracyReport.Of((loaded.Plan.Name, judged)));
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }
}
