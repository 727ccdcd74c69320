using System.CommandLine;
using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Review;
using MmMamba.Runtime;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba diff</c>: what is different between two models, or between two revisions of one, and what still fits.</summary>
static class DiffCommand
{
    public static Command Create()
    {
        var models = new Argument<string[]>("models")
        {
            Description = "Two models, or two families, by built-in name or spec file; a family and two of its members; one of them, with --from.",
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
            if (named == 1 && first is null) result.AddError("diff compares two models or families, or one with --from a revision.");
            if (named >= 2 && (first ?? second) is not null) result.AddError("--from and --to compare two revisions of one model or family; name one.");
        });
        command.SetAction(result =>
        {
            var (before, after) = Sides(result.GetRequiredValue(models), result.GetValue(from), result.GetValue(to));
            var (text, isEmpty) = Compared(before, after, result.GetRequiredValue(format));
            Console.Write(text);
            return isEmpty || !result.GetValue(exitCode) ? ExitCode.Ok : ExitCode.Differs;
        });
        return command;
    }

    static (string Text, bool IsEmpty) Compared(DiffSide before, DiffSide after, string format)
    {
        var (left, right) = (before.Label, after.Label);
        if (before.Facts is { } model && after.Facts is { } other)
        {
            var diff = ModelDiff.Of(model, other);
            return (format switch
            {
                ReviewFormat.Json => DiffJson.Render(diff, left, right),
                ReviewFormat.Markdown => DiffView.Markdown(diff, left, right),
                _ => DiffView.Text(diff, left, right),
            }, diff.IsEmpty);
        }
        if (before.Family is not { } family || after.Family is not { } second)
            throw new InputException($"{left} and {right} are {(before.Family is null ? "a model and an ablation family" : "an ablation family and a model")}; "
                + "compare two models, such as members of it, or two families.");
        var families = FamilyDiff.Of(family, second);
        return (format switch
        {
            ReviewFormat.Json => FamilyDiffView.Json(families, left, right),
            ReviewFormat.Markdown => FamilyDiffView.Markdown(families, left, right),
            _ => FamilyDiffView.Text(families, left, right),
        }, families.IsEmpty);
    }

    static (DiffSide Before, DiffSide After) Sides(string[] models, string? from, string? to) =>
        models.Length == 3 ? DiffSide.OfTwo(SpecArgument.Of(models[0], models[1]), SpecArgument.Of(models[0], models[2]))
        : from is null ? DiffSide.OfTwo(models[0], models[1])
        : (DiffSide.At(models[0], from), to is null ? DiffSide.Here(models[0]) : DiffSide.At(models[0], to));
}
