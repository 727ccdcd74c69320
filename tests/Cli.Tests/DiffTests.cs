using System.Text.Json;

namespace MmMamba.Cli.Tests;

/// <summary><c>mmmamba diff</c> of two specs, as a user runs it.</summary>
public sealed class DiffTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    ToolRun Diff(params string[] arguments) => Tool.Call(_folder.Path, ["diff", .. arguments]);

    void Write(string file, string model, string lines, string of = "MmMambaHybrid") =>
        File.WriteAllText(_folder[file], $"mmmodel: 1\nmodel: {model}\nextends: {of}\n{lines}\n");

    [Fact]
    public void Two_built_in_models()
    {
        var run = Diff("MmMambaLinear", "MmMambaHybrid");
        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith("MmMambaLinear -> MmMambaHybrid\n", run.Output);
        Assert.Contains("  before  ........", run.Output);
        Assert.Contains("  after   A...A...", run.Output);
    }

    [Fact]
    public void Two_files_of_one_model_are_told_apart_by_their_files()
    {
        Write("a.mmmodel.yaml", "Mine", "");
        Directory.CreateDirectory(_folder["b"]);
        Write("b/a.mmmodel.yaml", "Mine", "mamba2: { chunk: 64 }");
        Assert.StartsWith("a.mmmodel.yaml -> b/a.mmmodel.yaml\n", Diff("a.mmmodel.yaml", "b/a.mmmodel.yaml").Output);
    }

    [Fact]
    public void A_name_beside_a_file_is_looked_up_in_its_folder()
    {
        Write("a.mmmodel.yaml", "Mine", "");
        Write("b.mmmodel.yaml", "Other", "seed: inherit", of: "Mine");
        var run = Diff("a.mmmodel.yaml", "Other");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("  ~ seed: mimic -> inherit\n", run.Output);
        Assert.StartsWith("MmMambaHybrid -> Mine\n", Diff("MmMambaHybrid", "a.mmmodel.yaml").Output);
    }

    [Fact]
    public void Exit_code_says_whether_models_differ()
    {
        Assert.Equal(0, Diff("MmMambaHybrid", "MmMambaHybrid", "--exit-code").ExitCode);
        Assert.Equal(4, Diff("MmMambaHybrid", "MmMambaLinear", "--exit-code").ExitCode);
        Assert.Equal(0, Diff("MmMambaHybrid", "MmMambaLinear").ExitCode);
    }

    [Fact]
    public void Json_is_for_programs()
    {
        var run = Diff("MmMambaHybrid", "MmMambaLinear", "--format", "json");
        Assert.Equal(0, run.ExitCode);
        var json = JsonDocument.Parse(run.Output).RootElement;
        Assert.False(json.GetProperty("equal").GetBoolean());
        Assert.Equal(["fits", "fits", "fits", "misfit"], json.GetProperty("trained").EnumerateArray().Select(verdict => verdict.GetProperty("fit").GetString()));
    }

    [Fact]
    public void Markdown_is_for_a_pull_request() =>
        Assert.StartsWith("## MmMambaHybrid -\\> MmMambaLinear\n", Diff("MmMambaHybrid", "MmMambaLinear", "--format", "markdown").Output);

    [Theory]
    [InlineData("MmMambaHybrid")]
    [InlineData("MmMambaHybrid", "MmMambaLinear", "--from", "HEAD")]
    [InlineData("MmMambaHybrid", "MmMambaLinear", "--to", "HEAD")]
    [InlineData("MmMambaHybrid", "--to", "HEAD")]
    [InlineData("MmMambaHybrid", "--from")]
    [InlineData("MmMambaHybrid", "--from=")]
    [InlineData("A", "B", "C", "D")]
    [InlineData("A", "B", "C", "--from", "HEAD")]
    [InlineData]
    public void Wrong_usage_exits_with_2(params string[] arguments)
    {
        var run = Diff(arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--help", run.Refusal);
    }

    [Fact]
    public void What_can_not_be_compared_is_refused()
    {
        Write("broken.mmmodel.yaml", "Broken", "hiden: 3");
        Refused("there is no model 'Hovel'", "Hovle", "Hovel");
        Refused("missing.mmmodel.yaml: there is no such spec file", "Hovle", "missing.mmmodel.yaml");
        Refused("broken.mmmodel.yaml(4,1): error MMD020", "Hovle", "broken.mmmodel.yaml");
    }

    void Refused(string reason, params string[] arguments)
    {
        var run = Diff(arguments);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(reason, run.Refusal);
    }
}
