using System.CommandLine;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Reports;
using MmMamba.Runtime;
using MmMamba.Runtime.Evaluation;
using Spectre.Console;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba eval</c>: answers of checkpoints by kind of question, beside their teacher's and beside one another.</summary>
static class EvalCommand
{
    public static Command Create()
    {
        var weights = new Argument<string[]>("weights") { Description = "Checkpoints: safetensors files or folders. Each later one is compared with the first.", Arity = ArgumentArity.OneOrMore };
        var model = new Option<string?>("--model") { Description = "The spec that they must fit, by name or file; without it, what they say." };
        var teacher = RunOptions.NotEmpty(new Option<string?>("--teacher") { Description = "The teacher's checkpoint: for agreement, KL, and shares of what the teacher knows." });
        var linear = new Option<string?>("--linear") { Description = "The linear model whose seeded beginning is the measure of the KL closed; without it, the built-in one of the teacher." };
        var tokenizer = RunOptions.NotEmpty(new Option<string?>("--tokenizer") { Description = "A SentencePiece tokenizer.model; without it, the one beside the first checkpoint, or the tiny models'." });
        var resamples = RunOptions.Range(new Option<int>("--resamples") { Description = "How often the pictures are drawn again for an interval.", DefaultValueFactory = _ => 2000 }, 100, 1_000_000);
        var json = RunOptions.NotEmpty(new Option<string?>("--json") { Description = "A file for all figures as JSON." });
        var predictions = RunOptions.NotEmpty(new Option<string?>("--predictions") { Description = "A file for every answer, a line of JSON each." });
        var command = new Command("eval", "Ask models questions about test pictures.") { weights, model, teacher, linear, tokenizer, resamples, json, predictions };
        var run = new RunOptions(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(linear) is not null && result.GetResult(teacher) is null) result.AddError("--linear needs --teacher.");
            if (result.GetValue(json) is { } file && file == result.GetValue(predictions)) result.AddError("--json and --predictions name one file; they are two.");
        });
        command.SetAction((result, cancellation) =>
        {
            foreach (var file in (string?[])[result.GetValue(json), result.GetValue(predictions)])
                if (Directory.Exists(file)) throw new InputException($"{file}: is a folder; expected the name of a file to write.");
            var settings = run.Open(result, cancellation);
            var request = new EvalRequest(
                result.GetRequiredValue(weights), result.GetValue(model), result.GetValue(teacher), result.GetValue(linear), result.GetValue(tokenizer), result.GetValue(resamples));
            Console.WriteLine(Printable.Line(Compute.Describe(settings.Device)));
            var outcome = new EvalJob(request, settings, cancellation).Run();
            Show(outcome, settings);
            if (result.GetValue(json) is { } figures) EvalFiles.WriteFigures(figures, outcome, settings, request.Resamples);
            if (result.GetValue(predictions) is { } answers) EvalFiles.WritePredictions(answers, outcome, settings);
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    static void Show(EvalOutcome outcome, RunSettings settings)
    {
        Console.WriteLine(Printable.Line($"{outcome.Models[0].Answers.Answers.Count} questions about {settings.Data.Description}"));
        foreach (var model in outcome.Models.Where(model => model.TrainedOn.Count > 0))
            Console.WriteLine(Printable.Line($"{model.Answers.Name} says that it was trained on: {string.Join(", ", model.TrainedOn)}"));
        foreach (var note in outcome.Notes) Console.WriteLine(Printable.Line($"note: {note}"));
        IEnumerable<ModelAnswers> columns = [.. outcome.Teacher is { } teacher ? [teacher.Answers] : (ModelAnswers[])[], .. outcome.Models.Select(model => model.Answers)];
        ReportTable.Write(AnsiConsole.Console, AccuracyReport.Of([.. columns.Select(model => (model.Name, EvaluationResult.Of(model.Answers)))]) with { Compares = false });
        Console.Write(EvalTables.Figures(outcome));
        if (outcome.Models.Count > 1) Console.Write(EvalTables.Differences(outcome));
    }
}
