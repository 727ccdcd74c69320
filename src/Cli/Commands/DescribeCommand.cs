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
        var origins = new Option<bool>("--origins") { Description = "Print every setting, defaults too, with the file and line that it comes from." };
        var command = new Command("describe", "Print what a spec means: layers, tensors, counts, costs, transfer, stages.") { model, format, origins };
        command.SetAction(result =>
        {
            var (named, library) = SpecLibrary.Find(result.GetRequiredValue(model));
            var resolved = named.Resolved;
            if (result.GetValue(origins))
            {
                var spec = library.Bound.Single(spec => spec.Model?.Name == resolved.Name);
                Console.Write(result.GetValue(format) switch
                {
                    ReviewFormat.Json => Origins.Json(spec),
                    ReviewFormat.Markdown => $"```yaml\n{Origins.Text(spec)}```\n",
                    _ => Origins.Text(spec),
                });
                return ExitCode.Ok;
            }
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
