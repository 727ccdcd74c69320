using System.CommandLine;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Reports;
using MmMamba.Runtime.Data;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba data</c>: a set of conversations about photographs.</summary>
static class DataCommand
{
    public static Command Create()
    {
        var photographs = new Argument<string?>("photographs")
        {
            Description = "Photographs in class folders: a folder or a zip. Without it: the set that the tool draws.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var test = new Option<string?>("--test") { Description = "Photographs for the test; without it they come from the first." };
        var output = RunOptions.NotEmpty(new Option<string>("--output") { Description = "The folder to make.", Required = true });
        var train = RunOptions.Range(new Option<int>("--train-conversations") { Description = "Conversations about training pictures.", DefaultValueFactory = _ => 2000 }, 1, 10_000_000);
        var judged = RunOptions.Range(new Option<int>("--test-conversations") { Description = "Conversations about test pictures.", DefaultValueFactory = _ => 400 }, 1, 10_000_000);
        var turns = RunOptions.Range(new Option<int>("--turns") { Description = "Most questions about one picture.", DefaultValueFactory = _ => 5 }, 1, 64);
        var seed = new Option<ulong>("--seed") { Description = "Keys every draw.", DefaultValueFactory = _ => 0 };
        var command = new Command("data", "Turn photographs in class folders into pictures, mosaics and questions about them.") { photographs, test, output, train, judged, turns, seed };
        command.SetAction((result, cancellation) =>
        {
            var splits = result.GetValue(photographs) is { } path
                ? Photographs.Open(path, result.GetValue(test), new() { Seed = result.GetValue(seed) }, cancellation: cancellation).Splits
                : DrawnPictures.Splits(result.GetValue(seed));
            var options = PictureData.Mosaics with { Turns = result.GetValue(turns) };
            var folder = result.GetRequiredValue(output);
            DataSetWriter.Write(
                new MosaicSource(splits.Train, options, result.GetValue(seed) * 2), result.GetValue(train),
                new MosaicSource(splits.Test, options, result.GetValue(seed) * 2 + 1), result.GetValue(judged),
                splits.Train.Classes, folder, cancellation: cancellation);
            Console.WriteLine(Printable.Line($"{folder}: {result.GetValue(train)} + {result.GetValue(judged)} conversations about {splits.Train.Classes.Count} classes: {string.Join(", ", splits.Train.Classes)}"));
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }
}
