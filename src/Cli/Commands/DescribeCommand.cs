using System.CommandLine;
using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Rendering;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba describe</c>: the architecture sheet of a model.</summary>
static class DescribeCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "A built-in model's or family's name, or a spec file; a family's member as Family.Member or FILE#Member." };
        var format = ReviewFormat.Option();
        var origins = new Option<bool>("--origins") { Description = "Print every setting, defaults too, with the file and line that it comes from." };
        var command = new Command("describe", "Print what a spec means: layers, tensors, counts, costs, transfer, stages.") { model, format, origins };
        command.SetAction(result =>
        {
            var (library, name) = SpecLibrary.Locate(result.GetRequiredValue(model));
            if (library.Family(name) is { } family && !result.GetValue(origins))
            {
                Console.Write(result.GetValue(format) switch
                {
                    ReviewFormat.Json => FamilyJson.Render(family),
                    ReviewFormat.Markdown => FamilySheet.Markdown(family),
                    _ => FamilySheet.Render(family),
                });
                return ExitCode.Ok;
            }
            var resolved = library.Model(name).Resolved;
            if (result.GetValue(origins))
            {
                var written = library.Bound.SelectMany(spec => spec.Written).Single(one => one.Model.Name == resolved.Name);
                Console.Write(result.GetValue(format) switch
                {
                    ReviewFormat.Json => Origins.Json(written),
                    ReviewFormat.Markdown => $"```yaml\n{Origins.Text(written)}```\n",
                    _ => Origins.Text(written),
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
