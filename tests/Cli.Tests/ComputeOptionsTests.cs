using System.CommandLine;
using MmMamba.Cli.Commands;
using MmMamba.Cli.Jobs;
using MmMamba.Models;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Seeding;
using TorchSharp;

namespace MmMamba.Cli.Tests;

/// <summary>The options on where and in what a command computes.</summary>
public sealed class ComputeOptionsTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static ComputeSettings Opened(bool readsWeights, params string[] arguments)
    {
        var command = new Command("command");
        return new ComputeOptions(command, readsWeights).Open(command.Parse(arguments));
    }

    [Fact]
    public void States_are_held_as_was_asked_for()
    {
        ComputeSettings Held(params string[] arguments)
        {
            var command = new Command("command");
            var options = new ComputeOptions(command, readsWeights: true, holdsStates: true);
            var parsed = command.Parse(arguments);
            // What a process of its own is given says the same.
            var again = command.Parse([.. options.Arguments(parsed)]);
            Assert.Equal(options.Open(parsed), options.Open(again));
            return options.Open(parsed);
        }
        Assert.Equal(new(torch.CPU), Held());
        Assert.Equal(new(torch.CPU, torch.ScalarType.BFloat16, StateDtype: torch.ScalarType.Float32), Held("--dtype", "bfloat16"));
        var settings = Held("--state-dtype", "bfloat16");
        Assert.Equal(new(torch.CPU, StateDtype: torch.ScalarType.BFloat16), settings);
        using (var drawn = new Runtime.VisionLanguageModel(TinyHovle.Plan, new DrawnParameters(3))) Checkpoint.Save(drawn, _folder["w.safetensors"]);
        using var model = settings.Load(null, _folder["w.safetensors"]);
        Assert.Equal(torch.ScalarType.BFloat16, model.StateDtype);
    }

    [Fact]
    public void They_say_how_a_model_is_run()
    {
        Assert.Equal(new(torch.CPU), Opened(false));
        Assert.Equal(new(torch.CPU), Opened(true));
        Assert.Equal(new(torch.CPU, torch.ScalarType.BFloat16, WeightAccess.Map), Opened(true, "--dtype", "bfloat16", "--map"));
    }

    [Fact]
    public void Mapped_weights_are_the_file_and_the_same_numbers()
    {
        using (var drawn = new Runtime.VisionLanguageModel(TinyHovle.Plan, new DrawnParameters(3))) Checkpoint.Save(drawn, _folder["w.safetensors"]);
        SafetensorsWriter.Write(_folder["i"], [("input_ids", torch.arange(1, 9, torch.int64).unsqueeze(0))]);
        foreach (var option in (string[][])[[], ["--map"]])
            Assert.Equal(0, Program.Run(["forward", "TinyHovle", "--weights", _folder["w.safetensors"], "--inputs", _folder["i"], "--output", _folder[$"o{option.Length}"], .. option]));
        Assert.Equal(File.ReadAllBytes(_folder["o0"]), File.ReadAllBytes(_folder["o1"]));

        if (!OperatingSystem.IsLinux()) return;
        foreach (var option in (string[][])[[], ["--map"]])
        {
            using var model = Opened(true, option).Load(null, _folder["w.safetensors"]);
            Assert.Equal(option.Length == 1, File.ReadAllText("/proc/self/maps").Contains(_folder["w.safetensors"], StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("chat", "--dtype", "int8")]
    [InlineData("chat", "--state-dtype", "float16")]
    [InlineData("chat", "--device", "tpu")]
    [InlineData("chat", "--threads", "-1")]
    [InlineData("train", "--output", "x", "--threads", "1025")]
    [InlineData("train", "TinyHovle", "--output", "x", "--map")]
    public void Wrong_ones_exit_with_2(params string[] arguments)
    {
        var run = Tool.Call(_folder.Path, arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--help", run.Refusal);
    }
}
