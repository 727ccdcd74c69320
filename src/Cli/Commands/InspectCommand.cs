using System.CommandLine;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Reports;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba inspect</c>: what a checkpoint is.</summary>
static class InspectCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("checkpoint") { Description = "A safetensors file, or a folder with one or with shards and their index." };
        var format = new Option<string>("--format") { Description = "text or json.", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json");
        var command = new Command("inspect", "Print what a checkpoint is: model, layout, counts, types, where it comes from. Only headers are read.") { path, format };
        command.SetAction(result =>
        {
            var found = Inspection.Of(result.GetRequiredValue(path));
            Console.Write(result.GetValue(format) == "json" ? InspectionText.Json(found) : InspectionText.Text(found));
            return found.Misfit is null ? ExitCode.Ok : ExitCode.Refused;
        });
        return command;
    }
}
