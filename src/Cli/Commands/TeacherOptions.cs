using System.CommandLine;
using MmMamba.Cli.Jobs;

namespace MmMamba.Cli.Commands;

/// <summary>How a teacher is trained: the same options wherever one is.</summary>
sealed class TeacherOptions
{
    const string Scratch = "scratch";

    readonly Option<int> _steps, _batch;
    readonly Option<double> _rate;
    readonly Option<string?> _from;

    /// <param name="command">Receives the options.</param>
    /// <param name="start">What is said about the start when none is named.</param>
    /// <param name="prefix">Before their names, for a command with stages of its own.</param>
    public TeacherOptions(Command command, string start, string prefix = "")
    {
        _steps = RunOptions.Range(new Option<int>($"--{prefix}steps") { Description = "Optimizer steps of the teacher.", DefaultValueFactory = _ => 6000 }, 1, 10_000_000);
        _batch = RunOptions.Range(new Option<int>($"--{prefix}batch") { Description = "Conversations a step of the teacher.", DefaultValueFactory = _ => 256 }, 1, 65_536);
        _rate = RunOptions.Range(new Option<double>($"--{prefix}lr") { Description = "Highest learning rate of the teacher.", DefaultValueFactory = _ => 2.5e-3 }, 1e-9, 10);
        _from = RunOptions.NotEmpty(new Option<string?>($"--{prefix}from") { Description = $"What the teacher starts from: a checkpoint, or '{Scratch}'. {start}" });
        command.Add(_steps);
        command.Add(_batch);
        command.Add(_rate);
        command.Add(_from);
    }

    /// <param name="result">What was written.</param>
    /// <param name="start">The checkpoint to start from when none is named; null is none.</param>
    public TeacherRecipe Read(ParseResult result, string? start)
    {
        var from = result.GetValue(_from) ?? start;
        return new(result.GetValue(_steps), result.GetValue(_batch), result.GetValue(_rate), from == Scratch ? null : from);
    }
}
