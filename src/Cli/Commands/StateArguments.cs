using System.CommandLine;
using System.Globalization;
using MmMamba.Runtime;
using MmMamba.Runtime.Distillation;

namespace MmMamba.Cli.Commands;

/// <summary>How a run's states are kept, and whether it goes on: the same options wherever something is trained.</summary>
sealed class StateArguments
{
    static readonly (string Unit, TimeSpan Length)[] Units = [("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)), ("h", TimeSpan.FromHours(1))];

    readonly Option<bool> _resume = new("--resume") { Description = "Go on with the run that the output holds, asked for the same as then; begin it if there is none." };
    readonly Option<string> _every = new("--checkpoint-every") { Description = "When states are written: a number of steps, or a time such as 30s, 2m or 1h.", DefaultValueFactory = _ => "2m" };
    readonly Option<int> _keep = RunOptions.Range(new Option<int>("--keep") { Description = "Most states of a stage that stay: the last, the best, those that --keep-every chooses, then the newest.", DefaultValueFactory = _ => 3 }, 1, 10_000);
    readonly Option<int?> _keepEvery = new("--keep-every") { Description = "Of the states in their order, each so-many-th is kept before others. These and the best stay when their stage is done." };
    readonly Option<bool> _keepBest = new("--keep-best") { Description = "The best state stays when its stage is done." };

    /// <param name="command">Receives the options.</param>
    /// <param name="keepsAfterwards">Whether states may stay when their stage is done.</param>
    public StateArguments(Command command, bool keepsAfterwards = true)
    {
        _every.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && Parse(result.Tokens[0].Value) is null)
                result.AddError($"{_every.Name} is '{result.Tokens[0].Value}'; it is a number of steps from 1, or a time such as 30s, 2m or 1h.");
        });
        _keepEvery.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out var every) && every < 1)
                result.AddError($"{_keepEvery.Name} is {every}; it is at least 1.");
        });
        foreach (var option in (Option[])[_resume, _every, _keep, .. keepsAfterwards ? [_keepEvery, _keepBest] : (Option[])[]]) command.Add(option);
    }

    /// <summary>What was asked for.</summary>
    /// <exception cref="InputException">States are to stay for which there is no place.</exception>
    public (bool Resume, StateOptions States) Read(ParseResult result)
    {
        var states = Parse(result.GetRequiredValue(_every))! with { Keep = result.GetValue(_keep), KeepEvery = result.GetValue(_keepEvery), KeepBest = result.GetValue(_keepBest) };
        if (states is { KeepEvery: not null, Keep: < 3 })
            throw new InputException($"{_keep.Name} is {states.Keep}, {(states.Keep == 1 ? "the place of the last state" : "the places of the last and the best state")}; with {_keepEvery.Name} it is at least 3.");
        if (states is { KeepBest: true, Keep: 1 }) throw new InputException($"{_keep.Name} is 1, the place of the last state; with {_keepBest.Name} it is at least 2.");
        return (result.GetValue(_resume), states);
    }

    static StateOptions? Parse(string text)
    {
        foreach (var (unit, length) in Units)
            if (text.EndsWith(unit, StringComparison.Ordinal))
                return double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count) && count is > 0 and <= 1e6
                    ? new() { EveryTime = count * length }
                    : null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var steps) && steps > 0 ? new() { EverySteps = steps, EveryTime = null } : null;
    }
}
