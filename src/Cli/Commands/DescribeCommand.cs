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
        var format = ReviewFormat.Option();
        var command = new Command("describe", "Print what a spec means: layers, tensors, counts, costs, transfer, stages.") { model, format };
        command.SetAction(result =>
        {
            var resolved = SpecLibrary.Find(result.GetRequiredValue(model)).Model.Resolved;
            Console.Write(result.GetValue(format) switch
            {
                ReviewFormat.Json => DescribeJson.Render(resolved),
                ReviewFormat.Markdown => Sheet.Markdown(resolved),
                _ => Sheet.Render(resolved),
            });
            return ExitCode.Ok;
        });
        return command;
    }
}
