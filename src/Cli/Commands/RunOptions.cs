using System.CommandLine;
using System.Globalization;
using MmMamba.Cli.Jobs;

namespace MmMamba.Cli.Commands;

/// <summary>The options that every command that computes has, with the same names and meanings.</summary>
sealed class RunOptions
{
    public Option<string?> Data { get; } = new("--data") { Description = "Photographs in class folders (a folder or a zip), or a folder that 'mmmamba data' wrote. Without it: the set that the tool draws." };
    public Option<string?> Test { get; } = new("--test") { Description = "Photographs for the test; without it they come from --data." };
    public Option<ulong> Seed { get; } = new("--seed") { Description = "Keys the draws of models and the order of their data; pictures and test questions stay the same.", DefaultValueFactory = _ => 0 };
    public Option<int> Workers { get; } = new("--workers") { Description = "Threads that prepare batches.", DefaultValueFactory = _ => Math.Max(1, Environment.ProcessorCount / 2) };
    public Option<int> TestConversations { get; } = new("--test-conversations") { Description = "Conversations about test pictures that a model is judged by, 1 to 100000; each asks up to five questions.", DefaultValueFactory = _ => 400 };

    readonly ComputeOptions _compute;

    public RunOptions(Command command)
    {
        _compute = new(command, readsWeights: false);
        Range(Workers, 1, 1024);
        Range(TestConversations, 1, 100_000);
        foreach (var option in (Option[])[Data, Test, Seed, Workers, TestConversations]) command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetResult(Test) is not null && result.GetResult(Data) is null) result.AddError("--test needs --data.");
        });
    }

    /// <summary>What was asked for, with device and data opened.</summary>
    public RunSettings Open(ParseResult result, CancellationToken cancellation)
    {
        var device = _compute.Open(result).Device;
        var data = result.GetValue(Data) is { } path ? PictureData.Open(path, result.GetValue(Test), cancellation) : PictureData.Drawn();
        return new(data, result.GetValue(Seed), device, result.GetValue(Workers), result.GetValue(TestConversations));
    }

    /// <summary>Refuses an empty path as wrong usage.</summary>
    public static Option<T> NotEmpty<T>(Option<T> option)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && string.IsNullOrWhiteSpace(result.Tokens[0].Value)) result.AddError($"{option.Name} is empty; it is a path.");
        });
        return option;
    }

    /// <summary>Refuses a number outside its range as wrong usage.</summary>
    public static Option<T> Range<T>(Option<T> option, T least, T greatest) where T : struct, IComparable<T>, IFormattable, IParsable<T>
    {
        option.Validators.Add(result =>
        {
            // What is no number is refused by the parser itself.
            if (result.Tokens.Count == 0 || !T.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out var value)) return;
            if (value.CompareTo(least) < 0 || value.CompareTo(greatest) > 0)
                result.AddError(FormattableString.Invariant($"{option.Name} is {value}; it is {least} to {greatest}."));
        });
        return option;
    }

    /// <summary>Refuses numbers below 1 and above a greatest one in a list of them.</summary>
    public static Option<int[]> Counts(Option<int[]> option, int greatest)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => int.TryParse(token.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && (value < 1 || value > greatest)))
                result.AddError(FormattableString.Invariant($"{option.Name} takes 1 to {greatest}."));
        });
        return option;
    }
}
