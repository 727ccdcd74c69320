using System.Text.Json;

namespace MmMamba.Cli.Tests;

public class DescribeTests
{
    [Theory]
    [InlineData("Hovle", 2_606_327_808, 236, new long[0])]
    [InlineData("MmMambaLinear", 2_741_992_448, 524, new long[] { 135_664_640, 404_100_096, 404_100_096 })]
    [InlineData("MmMambaHybrid", 2_708_076_288, 452, new long[] { 135_664_640, 404_100_096, 303_075_072 })]
    public void Json_prints_the_counts(string model, long parameters, int tensors, long[] trained)
    {
        var run = Tool.Call(Path.GetTempPath(), "describe", model, "--format", "json");
        Assert.Equal(0, run.ExitCode);
        var json = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(parameters, json.GetProperty("parameter_count").GetInt64());
        Assert.Equal(tensors, json.GetProperty("tensor_count").GetInt32());
        var stages = json.TryGetProperty("stages", out var declared)
            ? declared.EnumerateArray().Select(stage => stage.GetProperty("trained_count").GetInt64()).ToArray()
            : [];
        Assert.Equal(trained, stages);
    }

    [Theory]
    [InlineData("text", "tokens:\n", "  system: \"\"   ", "# tiny-hovle.mmmodel.yaml:5\n")]
    [InlineData("markdown", "```yaml\nmmmodel: 1 ", "chunk: 32 ", "# mine.mmmodel.yaml:4, instead of tiny-linear.mmmodel.yaml:7\n")]
    [InlineData("json", "{\n  \"name\": \"Mine\",\n", "{\"path\": \"mamba2.chunk\", \"value\": \"32\", \"default\": false, ", "\"instead_of\": [{\"file\": \"tiny-linear.mmmodel.yaml\", \"line\": 7}]")]
    public void Origins_say_where_each_value_is_from(string format, string opening, string value, string place)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["mine.mmmodel.yaml"], "mmmodel: 1\nmodel: Mine\nextends: TinyMmMambaHybrid\nmamba2: { chunk: 32 }\n");
        var run = Tool.Call(folder.Path, "describe", "--origins", "--format", format, "mine.mmmodel.yaml");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains(opening, run.Output);
        Assert.Contains(value, run.Output);
        Assert.Contains(place, run.Output);
    }

    [Fact]
    public void Origins_in_text_are_a_spec_that_means_the_same()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["all.mmmodel.yaml"], Tool.Call(folder.Path, "describe", "--origins", "TinyMmMambaHybrid").Output.Replace("model: TinyMmMambaHybrid ", "model: All "));
        var diff = Tool.Call(folder.Path, "diff", "TinyMmMambaHybrid", "all.mmmodel.yaml");
        Assert.Equal("", diff.Error);
        Assert.DoesNotContain("fingerprint", diff.Output);
    }

    [Fact]
    public void Markdown_is_for_a_pull_request()
    {
        var run = Tool.Call(Path.GetTempPath(), "describe", "MmMambaHybrid", "--format", "markdown");
        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith("## MmMambaHybrid  extends MmMambaLinear", run.Output);
        Assert.Contains("| end\\_to\\_end | 303,075,072 |", run.Output);
    }

    [Fact]
    public void A_spec_of_ones_own_extends_a_built_in_model()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["mine.mmmodel.yaml"], "mmmodel: 1\nmodel: Mine\nextends: MmMambaHybrid\nlayers:\n  mamba2: rest\n  attention: { count: 4, from: tail, pattern: stacked }\n");
        var run = Tool.Call(folder.Path, "describe", "mine.mmmodel.yaml");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("2,725,034,368", run.Output);
    }
}
