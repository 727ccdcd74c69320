using System.CommandLine;
using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Rendering;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba describe</c>: the architecture sheet of a model.</summary>
static class DescribeCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "A built-in model's name or a spec file." };
        var format = new Option<string>("--format") { Description = "text or json.", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json");
        var command = new Command("describe", "Print what a spec means: layers, tensors, counts, costs, transfer, stages.") { model, format };
        command.SetAction(result =>
        {
            var resolved = SpecLibrary.Find(result.GetRequiredValue(model)).Model.Resolved;
            Console.Write(result.GetValue(format) == "json" ? DescribeJson.Render(resolved) : Sheet.Render(resolved));
            return ExitCode.Ok;
        });
        return command;
    }
}
