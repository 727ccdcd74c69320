using System.Diagnostics;
using System.Text.Json;

namespace MmMamba.Cli.Tests;

/// <summary>Ablation families in <c>describe</c>, <c>plan</c>, <c>diff</c> and <c>check</c>.</summary>
public sealed class FamilyTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    ToolRun Mmmamba(params string[] arguments) => Tool.Call(_folder.Path, arguments);

    void Git(params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", arguments) { WorkingDirectory = _folder.Path })!;
        git.WaitForExit();
        Assert.Equal(0, git.ExitCode);
    }

    void Write(string count = "[1, 2]")
    {
        Directory.CreateDirectory(_folder["figures"]);
        File.WriteAllText(_folder["own.mmmodel.yaml"],
            $"mmmodel: 1\nablation: Own\nof: TinyMmMambaHybrid\naxes: {{ count: {{ set: layers.attention.count, to: {count} }} }}\nreported: figures/own.yaml\n");
        File.WriteAllText(_folder["figures/own.yaml"], "source: A table\nfigures: { Count2: { MME: 1.5 } }\n");
    }

    [Fact]
    public void A_family_is_described_in_three_forms()
    {
        Assert.Contains("members 4, control HeadInterleaved, which is MmMambaHybrid\n", Mmmamba("describe", "HybridStrategy").Output);
        Assert.Contains("## reported in arXiv 2502.13145, Table 6\n", Mmmamba("describe", "HybridStrategy", "--format", "markdown").Output);
        var json = JsonDocument.Parse(Mmmamba("describe", "HybridStrategy", "--format", "json").Output).RootElement;
        Assert.Equal(4, json.GetProperty("members").GetArrayLength());

        Write();
        Assert.Contains("reported in A table\n", Mmmamba("describe", "own.mmmodel.yaml").Output);
    }

    [Fact]
    public void A_member_is_a_model_by_its_name()
    {
        Assert.StartsWith("HybridStrategy.TailStacked", Mmmamba("describe", "HybridStrategy.TailStacked").Output);
        Assert.Contains("HybridStrategy.TailStacked", Mmmamba("plan", "HybridStrategy.TailStacked").Output);
        Write();
        Assert.StartsWith("Own.Count1", Mmmamba("describe", "own.mmmodel.yaml#Count1").Output);
        Assert.Equal(0, Mmmamba("plan", "own.mmmodel.yaml#Count1").ExitCode);
    }

    [Theory]
    [InlineData("own.mmmodel.yaml#Count1", "own.mmmodel.yaml:4")]
    [InlineData("TinyAttentionLayers.Attention1", "tiny-attention-layers.mmmodel.yaml:7")]
    public void A_members_values_are_told_with_the_lines_that_wrote_them(string member, string place)
    {
        Write();
        var run = Mmmamba("describe", "--origins", member);
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains($"  # {place} and tiny-hybrid.mmmodel.yaml:8, instead of tiny-hybrid.mmmodel.yaml:8\n", run.Output);
        Assert.Contains("# tiny-hovle.mmmodel.yaml:8\n", run.Output);
    }

    [Fact]
    public void Two_members_are_compared()
    {
        var run = Mmmamba("diff", "HybridStrategy", "HeadInterleaved", "TailStacked");
        Assert.StartsWith("HybridStrategy.HeadInterleaved -> HybridStrategy.TailStacked\n", run.Output);
        Assert.Contains("  stage-2 artefacts         fits\n", run.Output);
        Assert.Equal(run.Output, Mmmamba("diff", "HybridStrategy.HeadInterleaved", "HybridStrategy.TailStacked").Output);

        Write();
        Assert.StartsWith("Own.Count1 -> Own.Count2\n", Mmmamba("diff", "own.mmmodel.yaml", "Count1", "Count2").Output);
        Assert.StartsWith("TinyMmMambaHybrid -> Own.Count1\n", Mmmamba("diff", "TinyMmMambaHybrid", "own.mmmodel.yaml#Count1").Output);
    }

    [Fact]
    public void A_member_is_compared_between_revisions()
    {
        Write("[{ Few: 1 }, 2]");
        Git("init", "--quiet");
        Git("add", "-A");
        Git("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "own");
        Write("[{ Few: 3 }, 2]");
        var run = Mmmamba("diff", "own.mmmodel.yaml#Few", "--from", "HEAD");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.StartsWith("Own.Few at HEAD -> Own.Few in the working tree\n", run.Output);
        Assert.Contains("mamba2 -> attention", run.Output);
    }

    [Fact]
    public void A_family_is_compared_between_revisions_by_member()
    {
        Write("[{ Few: 1 }, 2]");
        Git("init", "--quiet");
        Git("add", "-A");
        Git("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "own");
        foreach (var named in new[] { "own.mmmodel.yaml", "Own" })
            Assert.Equal((0, "Own at HEAD -> Own in the working tree\nNo difference.\n"), (Mmmamba("diff", named, "--from", "HEAD", "--exit-code").ExitCode, Mmmamba("diff", named, "--from", "HEAD").Output));

        Write("[{ Few: 3 }, 2, 4]");
        var run = Mmmamba("diff", "own.mmmodel.yaml", "--from", "HEAD", "--exit-code");
        Assert.Equal((4, ""), (run.ExitCode, run.Error));
        Assert.StartsWith("Own at HEAD -> Own in the working tree\n\ntable\n  ~ axes.count: ", run.Output);
        Assert.Contains("\nFew\n\nwhat was trained\n", run.Output);
        Assert.Contains("\nCount4, new beside TinyMmMambaHybrid\n", run.Output);
        Assert.StartsWith("## Own at HEAD -\\> Own in the working tree\n", Mmmamba("diff", "own.mmmodel.yaml", "--from", "HEAD", "--format", "markdown").Output);
        var json = JsonDocument.Parse(Mmmamba("diff", "own.mmmodel.yaml", "--from", "HEAD", "--format", "json").Output).RootElement;
        Assert.False(json.GetProperty("equal").GetBoolean());
        Assert.Equal(["Few", "Count4"], json.GetProperty("models").EnumerateArray().Select(models => models.GetProperty("names")[0].GetString()));
        Assert.Contains(json.GetProperty("models")[0].GetProperty("trained").EnumerateArray(), trained => trained.GetProperty("fit").GetString() == "misfit");
    }

    [Fact]
    public void Families_are_checked_with_the_figures_that_they_report()
    {
        Write();
        Assert.Equal("0 models, 1 family, no errors\n", Mmmamba("check").Output);
        File.WriteAllText(_folder["figures/own.yaml"], "source: A table\nfigures: { Cuont1: { MME: 1.5 } }\n");
        var run = Mmmamba("check", "own.mmmodel.yaml");
        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("figures/own.yaml(2,12): error MMD115: `Cuont1` is no member of `Own`, and none of its references; did you mean `Count1`?\n", run.Output);
    }

    [Theory]
    [InlineData("is an ablation family; name one of its members: HybridStrategy.TailStacked, ", "plan", "HybridStrategy")]
    [InlineData("HybridStrategy and TinyHovle are an ablation family and a model; compare two models, such as members of it, or two families.", "diff", "HybridStrategy", "TinyHovle")]
    [InlineData("HybridStrategy has the members HybridStrategy.TailStacked, ", "describe", "HybridStrategy.Nowhere")]
    [InlineData("is an ablation family; name one of its members: HybridStrategy.TailStacked, ", "describe", "HybridStrategy", "--origins")]
    public void A_refusal_says_what_to_name(string gist, params string[] arguments)
    {
        var run = Mmmamba(arguments);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(gist, run.Refusal);
    }
}
