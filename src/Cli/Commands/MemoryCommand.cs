using System.CommandLine;
using System.Globalization;
using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Rendering;
using MmMamba.Runtime;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba memory</c>: what the stages of a student's recipe hold on a GPU, by the cost model.</summary>
static class MemoryCommand
{
    const int Stages = 3;

    public static Command Create()
    {
        var student = new Argument<string>("student") { Description = "A built-in model's name or a spec file; a model with a teacher." };
        var length = RunOptions.Range(new Option<long>("--length") { Description = "Tokens of a sequence.", DefaultValueFactory = _ => 2048 }, 1, 1 << 20);
        var batch = RunOptions.Range(new Option<long>("--batch") { Description = "Sequences that a GPU has in a pass; others of a step come one pass after the other.", DefaultValueFactory = _ => 1 }, 1, 1 << 16);
        var gpus = RunOptions.Range(new Option<int>("--gpus") { Description = "GPUs, each with its share of the sequences and of AdamW's moments. The engine itself runs on one.", DefaultValueFactory = _ => 1 }, 1, 1 << 16);
        var rates = new Option<double[]?>("--tokens-per-second") { Description = "What one GPU was measured at in each stage ('bench train'), three numbers: tells hours, without what GPUs lose to one another.", AllowMultipleArgumentsPerToken = true };
        rates.Validators.Add(result =>
        {
            var numbers = result.Tokens.Select(token => double.TryParse(token.Value, CultureInfo.InvariantCulture, out var number) ? number : 0).ToArray();
            if (numbers.Length != Stages || numbers.Any(number => number is not (> 0 and < 1e12))) result.AddError($"{rates.Name} is a number above 0 for each of the {Stages} stages.");
        });
        var format = new Option<string>("--format") { Description = "text or markdown.", DefaultValueFactory = _ => ReviewFormat.Text };
        format.AcceptOnlyFromAmong(ReviewFormat.Text, ReviewFormat.Markdown);
        var command = new Command("memory", "Tell what the stages of a student's recipe hold on a GPU, by the cost model.") { student, length, batch, gpus, rates, format };
        command.SetAction(result =>
        {
            var (found, library) = SpecLibrary.Find(result.GetRequiredValue(student));
            var model = found.Resolved;
            var teacher = library.TeacherOf(model) ?? throw new InputException($"{model.Name} has no teacher and no recipe; name a student.");
            if (model.Distillation is null) throw new InputException($"{model.Name} has no recipe; give it one under 'distill'.");
            var pass = new TrainingPass(result.GetValue(length), result.GetValue(batch), Gpus: result.GetValue(gpus));
            var measured = result.GetValue(rates) is { Length: > 0 } given ? given : null;
            Console.Write(result.GetValue(format) == ReviewFormat.Markdown ? TrainingMemoryView.Markdown(model, teacher, pass, measured) : TrainingMemoryView.Text(model, teacher, pass, measured));
            return ExitCode.Ok;
        });
        return command;
    }
}
