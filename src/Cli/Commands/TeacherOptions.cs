using System.CommandLine;
using MmMamba.Cli.Jobs;

namespace MmMamba.Cli.Commands;

/// <summary>How a teacher is trained: the same options wherever one is.</summary>
sealed class TeacherOptions
{
    readonly Option<int> _steps, _batch;
    readonly Option<double> _rate;

    /// <param name="command">Receives the options.</param>
    /// <param name="prefix">Before their names, for a command with stages of its own.</param>
    public TeacherOptions(Command command, string prefix = "")
    {
        _steps = RunOptions.Range(new Option<int>($"--{prefix}steps") { Description = "Optimizer steps of the teacher.", DefaultValueFactory = _ => 6000 }, 1, 10_000_000);
        _batch = RunOptions.Range(new Option<int>($"--{prefix}batch") { Description = "Conversations a step of the teacher.", DefaultValueFactory = _ => 256 }, 1, 65_536);
        _rate = RunOptions.Range(new Option<double>($"--{prefix}lr") { Description = "Highest learning rate of the teacher.", DefaultValueFactory = _ => 2.5e-3 }, 1e-9, 10);
        command.Add(_steps);
        command.Add(_batch);
        command.Add(_rate);
    }

    public TeacherRecipe Read(ParseResult result) => new(result.GetValue(_steps), result.GetValue(_batch), result.GetValue(_rate));
}
