using System.CommandLine;
using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Review;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba diff</c>: what is different between two models, or between two revisions of one, and what still fits.</summary>
static class DiffCommand
{
    public static Command Create()
    {
        var models = new Argument<string[]>("models")
        {
            Description = "Two built-in models' names or spec files; a family and two of its members; one model, with --from.",
            Arity = new ArgumentArity(1, 3),
        };
        var from = new Option<string>("--from") { Description = "The git revision to compare from." };
        var to = new Option<string>("--to") { Description = "The git revision to compare to; the working tree if none is named." };
        var exitCode = new Option<bool>("--exit-code") { Description = $"Exit with {ExitCode.Differs} where the models differ." };
        var format = ReviewFormat.Option();
        var command = new Command("diff", "Compare two models by meaning: layers, settings, transfer, recipe, figures, and what was trained that still fits.")
        {
            models, from, to, exitCode, format,
        };
        command.Validators.Add(result =>
        {
            // Not by their values: an option that lacks its argument has none to ask for.
            var (named, first, second) = (result.GetResult(models)?.Tokens.Count, result.GetResult(from), result.GetResult(to));
            if (named == 1 && first is null) result.AddError("diff compares two models, or one with --from a revision.");
            if (named >= 2 && (first ?? second) is not null) result.AddError("--from and --to compare two revisions of one model; name one.");
        });
        command.SetAction(result =>
        {
            var (before, after) = Sides(result.GetRequiredValue(models), result.GetValue(from), result.GetValue(to));
            var diff = ModelDiff.Of(before.Facts, after.Facts);
            Func<ModelDiff, string, string, string> render = result.GetValue(format) switch
            {
                ReviewFormat.Json => DiffJson.Render,
                ReviewFormat.Markdown => DiffView.Markdown,
                _ => DiffView.Text,
            };
            Console.Write(render(diff, before.Label, after.Label));
            return diff.IsEmpty || !result.GetValue(exitCode) ? ExitCode.Ok : ExitCode.Differs;
        });
        return command;
    }

    static (DiffSide Before, DiffSide After) Sides(string[] models, string? from, string? to) =>
        models.Length == 3 ? DiffSide.OfTwo(SpecArgument.Of(models[0], models[1]), SpecArgument.Of(models[0], models[2]))
        : from is null ? DiffSide.OfTwo(models[0], models[1])
        : (DiffSide.At(models[0], from), to is null ? DiffSide.Here(models[0]) : DiffSide.At(models[0], to));
}
