using System.Text.Json;

namespace MmMamba.Cli.Tests;

/// <summary>What <c>check</c> and <c>schema</c> print, to the byte and to the exit code.</summary>
public sealed class CheckTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    void Write(string lines) => File.WriteAllText(_folder["mine.mmmodel.yaml"], $"mmmodel: 1\nmodel: Mine\nextends: TinyMmMambaHybrid\n{lines}\n");

    [Fact]
    public void Text_is_the_compilers_own_format()
    {
        Write("mamba2: { chnk: 32 }\nhidden: 96");
        var run = Tool.Call(_folder.Path, "check", "mine.mmmodel.yaml");
        Assert.Equal(
            "mine.mmmodel.yaml(4,11): error MMD020: `mamba2` has no key `chnk`; did you mean `chunk`?\n1 error\n", run.Output);
        Assert.Equal((1, ""), (run.ExitCode, run.Error));
    }

    [Fact]
    public void A_folders_specs_are_those_of_the_extension_in_capital_letters_too()
    {
        File.WriteAllText(_folder["A.MMMODEL.YAML"], "mmmodel: 1\nmodel: A\nextends: TinyHovle\n");
        File.WriteAllText(_folder["b.mmmodel.yaml"], "mmmodel: 1\nmodel: B\nextends: A\n");
        File.WriteAllText(_folder["c.yaml"], "no spec");
        Assert.Equal(("2 models, no errors\n", ""), (Tool.Call(_folder.Path, "check").Output, Tool.Call(_folder.Path, "check").Error));
        Assert.StartsWith("A  extends TinyHovle", Tool.Call(_folder.Path, "describe", "A.MMMODEL.YAML").Output);
    }

    [Fact]
    public void Json_has_what_a_program_needs()
    {
        Write("mamba2: { chunk: 0 }");
        var run = Tool.Call(_folder.Path, "check", "--format", "json", "mine.mmmodel.yaml");
        Assert.Equal((1, ""), (run.ExitCode, run.Error));
        var root = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal((0, 1, 0, 0), (root.GetProperty("models").GetInt32(), root.GetProperty("errors").GetInt32(),
            root.GetProperty("warnings").GetInt32(), root.GetProperty("hints").GetInt32()));
        var found = Assert.Single(root.GetProperty("diagnostics").EnumerateArray());
        Assert.Equal(
            """{"id": "MMD022", "severity": "error", "path": "mine.mmmodel.yaml", "line": 4, "column": 18, "end": {"line": 4, "column": 19}, "message": "`chunk` is """
            + """`0`; it must be a whole number from 1 to 8192", "help": "The bounds leave room for any real model; they keep sizes and costs from overflowing."}""",
            found.GetRawText());
    }

    [Fact]
    public void A_file_that_is_named_as_one_of_the_tools_is_another_file()
    {
        File.WriteAllText(_folder["hovle.mmmodel.yaml"], "mmmodel: 1\nmodel: Mine\nextends: Hovle\nvision: { image: 450 }\n");
        var run = Tool.Call(_folder.Path, "check", "hovle.mmmodel.yaml");
        Assert.StartsWith("hovle.mmmodel.yaml(4,18): error ", run.Output);
        Assert.Contains(" (from hovle.mmmodel.yaml:", run.Output);
    }

    [Fact]
    public void A_hint_alone_is_no_failure()
    {
        Write("hidden: 96");
        var text = Tool.Call(_folder.Path, "check");
        Assert.Equal((0, "./mine.mmmodel.yaml(4,9): hint MMD081: `hidden` is inherited with this very value\n1 model, no errors\n"), (text.ExitCode, text.Output));
        var json = Tool.Call(_folder.Path, "check", "--format", "json");
        Assert.Equal(0, json.ExitCode);
        Assert.Equal(1, JsonDocument.Parse(json.Output).RootElement.GetProperty("hints").GetInt32());
    }

    [Fact]
    public void An_unknown_format_is_wrong_usage() => Assert.Equal(2, Tool.Call(_folder.Path, "check", "--format", "xml").ExitCode);

    [Fact]
    public void Schema_prints_the_committed_schema()
    {
        var run = Tool.Call(_folder.Path, "schema");
        Assert.Equal(File.ReadAllText(Path.Combine(Tool.Repository, "schemas", "mmmodel.schema.json")), run.Output);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
    }
}
