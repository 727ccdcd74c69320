using System.Text.Json;

namespace MmMamba.Cli.Tests;

/// <summary><c>mmmamba bench</c> says what it measured.</summary>
public sealed class BenchTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_stage_has_its_steps()
    {
        var (code, output, error) = Tool.Call(_folder.Path, "bench", "train", "TinyMmMambaHybrid", "--length", "24", "--batch", "2", "--steps", "2", "--json", _folder["bench.json"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("2 x 24 tokens a step, 2 steps after 3", output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(File.ReadAllText(_folder["bench.json"]));
        var stages = json.RootElement.GetProperty("stages").EnumerateArray().ToArray();
        Assert.Equal(["introduced", "mixer", "end_to_end"], stages.Select(stage => stage.GetProperty("stage").GetString()));
        Assert.Equal([62_376L, 172_968, 86_484], stages.Select(stage => stage.GetProperty("trained").GetInt64()));
        Assert.All(stages, stage =>
        {
            Assert.Equal(2, stage.GetProperty("ms").GetArrayLength());
            Assert.All(stage.GetProperty("ms").EnumerateArray(), ms => Assert.True(ms.GetDouble() > 0));
            Assert.Contains(stage.GetProperty("stage").GetString()!, output, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void One_stage_alone_with_layers_run_again()
    {
        var (code, output, _) = Tool.Call(_folder.Path, "bench", "train", "TinyMmMambaHybrid", "--length", "9", "--steps", "2", "--stage", "end_to_end", "--checkpointing", "--dtype", "bfloat16", "--profile", "--json", _folder["bench.json"]);
        Assert.Equal(0, code);
        Assert.Matches(@"\n  part by part, ms: teacher \d+\.\d, forward \d+\.\d, loss \d+\.\d, backward \d+\.\d, update \d+\.\d\n", output);
        using var json = JsonDocument.Parse(File.ReadAllText(_folder["bench.json"]));
        var stage = Assert.Single(json.RootElement.GetProperty("stages").EnumerateArray());
        Assert.Equal(2, stage.GetProperty("ms").GetArrayLength());
        Assert.All(stage.GetProperty("parts_ms").EnumerateObject(), part => Assert.Equal(2, part.Value.GetArrayLength()));
        Assert.Contains("end_to_end", output, StringComparison.Ordinal);
        Assert.DoesNotContain("introduced", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_without_a_teacher_is_refused()
    {
        var run = Tool.Call(_folder.Path, "bench", "train", "TinyHovle");
        Assert.Equal(1, run.ExitCode);
        Assert.EndsWith("TinyHovle has no teacher; name a student.", run.Refusal, StringComparison.Ordinal);
    }
}
