using System.Text.Json;

namespace MmMamba.Cli.Tests;

/// <summary><c>mmmamba plan</c>, as a user runs it.</summary>
public class PlanTests
{
    static ToolRun Plan(params string[] arguments) => Tool.Call(Path.GetTempPath(), ["plan", .. arguments]);

    [Fact]
    public void Prints_both_sides()
    {
        var run = Plan("MmMambaHybrid");
        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith("MmMambaHybrid begins as Hovle, seed mimic\n", run.Output);
        Assert.Contains("\nMmMambaHybrid, decoder: 18 x mamba2\n", run.Output);
        Assert.Contains("\nHovle, decoder: 18 x attention\n", run.Output);
    }

    [Theory]
    [InlineData(new string[0], 64)]
    [InlineData(new[] { "--full" }, 236)]
    public void Json_is_for_programs(string[] options, int rowsAtMost)
    {
        var run = Plan(["MmMambaHybrid", "--format", "json", .. options]);
        Assert.Equal(0, run.ExitCode);
        var rows = JsonDocument.Parse(run.Output).RootElement.GetProperty("teacher_tensors").GetArrayLength();
        Assert.InRange(rows, 1, rowsAtMost);
        if (options.Length > 0) Assert.Equal(rowsAtMost, rows);
    }

    [Fact]
    public void Markdown_is_for_a_pull_request()
    {
        var run = Plan("MmMambaHybrid", "--format", "markdown");
        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith("## MmMambaHybrid begins as Hovle", run.Output);
    }

    [Fact]
    public void A_model_without_a_teacher_is_refused()
    {
        var run = Plan("Hovle");
        Assert.Equal(1, run.ExitCode);
        Assert.Equal("mmmamba: Hovle has no teacher, so nothing is transferred to it; name a student.", run.Refusal);
    }

    [Fact]
    public void An_unknown_model_is_refused() => Assert.Contains("there is no model 'Hovel'", Plan("Hovel").Refusal);
}
