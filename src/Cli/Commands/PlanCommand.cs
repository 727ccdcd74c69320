using System.CommandLine;
using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Review;
using MmMamba.Runtime;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba plan</c>: the transfer from a teacher to a student, from both sides.</summary>
static class PlanCommand
{
    public static Command Create()
    {
        var student = new Argument<string>("student") { Description = "A built-in model's name or a spec file; a model with a teacher, or a family's member as Family.Member or FILE#Member." };
        var full = new Option<bool>("--full") { Description = "Every tensor by its whole name, instead of layers in which the same happens." };
        var format = ReviewFormat.Option();
        var command = new Command("plan", "Print what every tensor of a student comes from, and what becomes of every tensor of its teacher.") { student, full, format };
        command.SetAction(result =>
        {
            var (found, library) = SpecLibrary.Find(result.GetRequiredValue(student));
            var model = found.Resolved;
            var teacher = library.TeacherOf(model) ?? throw new InputException($"{model.Name} has no teacher, so nothing is transferred to it; name a student.");
            Func<ResolvedModel, ResolvedModel, bool, string> render = result.GetValue(format) switch
            {
                ReviewFormat.Json => TransferView.Json,
                ReviewFormat.Markdown => TransferView.Markdown,
                _ => TransferView.Text,
            };
            Console.Write(render(model, teacher, result.GetValue(full)));
            return ExitCode.Ok;
        });
        return command;
    }
}
