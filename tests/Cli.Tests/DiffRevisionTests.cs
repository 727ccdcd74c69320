using System.Diagnostics;

namespace MmMamba.Cli.Tests;

/// <summary><c>mmmamba diff</c> of one spec in two revisions, in a repository of the test's own.</summary>
public sealed class DiffRevisionTests : IDisposable
{
    const string Spec = "models/mine.mmmodel.yaml";

    readonly TemporaryFolder _folder = new();

    public DiffRevisionTests() => Directory.CreateDirectory(_folder["models"]);

    public void Dispose() => _folder.Dispose();

    ToolRun Diff(params string[] arguments) => Tool.Call(_folder.Path, ["diff", .. arguments]);

    void Write(string lines, string file = Spec, string model = "Mine", string of = "TinyMmMambaHybrid") =>
        File.WriteAllText(_folder[file], $"mmmodel: 1\nmodel: {model}\nextends: {of}\n{lines}\n");

    void Commit(string tag)
    {
        Git("add", "-A");
        Git("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", tag);
        Git("-c", "tag.gpgsign=false", "tag", tag);
    }

    void Git(params string[] arguments)
    {
        var start = new ProcessStartInfo("git") { WorkingDirectory = _folder.Path };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var git = Process.Start(start)!;
        git.WaitForExit();
        Assert.Equal(0, git.ExitCode);
    }

    void Two()
    {
        Git("init", "--quiet");
        Write("", "models/base.mmmodel.yaml", "Base");
        Write("", of: "Base");
        Commit("one");
        Write("mamba2: { chunk: 32 }", "models/base.mmmodel.yaml", "Base");
        Write("seed: inherit", of: "Base");
        Commit("two");
    }

    [Fact]
    public void The_whole_folder_is_read_as_it_was()
    {
        Two();
        var run = Diff(Spec, "--from", "one", "--to", "two");
        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith("Mine at one -> Mine at two\n", run.Output);
        Assert.Contains("  ~ mamba2.chunk in all layers: 64 -> 32\n", run.Output);
        Assert.Contains("  ~ seed: mimic -> inherit\n", run.Output);
    }

    [Fact]
    public void Without_to_it_is_the_working_tree()
    {
        Two();
        Assert.Equal(0, Diff(Spec, "--from", "HEAD", "--exit-code").ExitCode);
        Write("seed: scratch", of: "Base");
        var run = Diff(Spec, "--from", "HEAD", "--exit-code");
        Assert.Equal(4, run.ExitCode);
        Assert.StartsWith("Mine at HEAD -> Mine in the working tree\n", run.Output);
        Assert.Contains("  ~ seed: inherit -> scratch\n", run.Output);
    }

    [Fact]
    public void A_comment_is_no_difference()
    {
        Two();
        Write("# Why.\nseed: inherit", of: "Base");
        Assert.Equal(0, Diff(Spec, "--from", "two", "--exit-code").ExitCode);
    }

    [Fact]
    public void A_name_is_looked_up_among_the_specs_of_the_current_folder()
    {
        Two();
        var run = Tool.Call(_folder["models"], "diff", "Mine", "--from", "one");
        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith("Mine at one -> Mine in the working tree\n", run.Output);
    }

    [Fact]
    public void A_built_in_model_is_hidden_by_one_of_the_revision()
    {
        Git("init", "--quiet");
        File.WriteAllText(_folder[Spec], "mmmodel: 1\nmodel: TinyMmMambaHybrid\nextends: TinyMmMambaLinear\n");
        Commit("one");
        File.Delete(_folder[Spec]);
        var run = Tool.Call(_folder["models"], "diff", "TinyMmMambaHybrid", "--from", "one");
        Assert.Contains("mamba2 -> attention", run.Output);
    }

    [Fact]
    public void What_git_can_not_give_is_refused_in_a_line()
    {
        Write("");
        Refused("git rev-parse: fatal: not a git repository", Spec, "--from", "HEAD");
        Git("init", "--quiet");
        Refused("there is no revision 'HEAD'", Spec, "--from", "HEAD");
        Commit("one");
        Refused("there is no revision 'two'", Spec, "--from", "two");
        Refused("there is no revision 'one", Spec, "--from", "one\u001b[31m");
        Refused("'--output=stolen' is no revision", Spec, "--from=--output=stolen");
        Refused("'' is no revision", Spec, "--from", "");
        Refused("models/other.mmmodel.yaml: there is no such spec file at one", "models/other.mmmodel.yaml", "--from", "one");
        Refused("there is no such folder", "elsewhere/mine.mmmodel.yaml", "--from", "one");
        Refused("there is no model 'Nobody'", "Nobody", "--from", "one");
        Assert.Equal([".git", "models"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_mistake_of_a_revision_is_named_at_its_line_and_column()
    {
        Git("init", "--quiet");
        Write("hiden: 3");
        Commit("one");
        Write("");
        Refused("mine.mmmodel.yaml(4,1): error MMD020", Spec, "--from", "one");
    }

    [Fact]
    public void Where_there_is_no_git_that_is_said()
    {
        Write("");
        var run = Tool.Run(_folder.Path, new Dictionary<string, string> { ["PATH"] = Path.GetDirectoryName(Environment.ProcessPath)! + "/none" }, "diff", Spec, "--from", "HEAD");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("git, which is not installed", run.Refusal);
    }

    /// <summary>A link in the tree is the text of its target, and no spec.</summary>
    [Fact]
    public void A_link_is_no_spec()
    {
        Git("init", "--quiet");
        File.CreateSymbolicLink(_folder[Spec], "elsewhere.mmmodel.yaml");
        Commit("one");
        Refused("there is no such spec file at one", Spec, "--from", "one");
    }

    void Refused(string reason, params string[] arguments)
    {
        var run = Diff(arguments);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(reason, run.Refusal);
        Assert.DoesNotContain('\u001b', run.Refusal);
    }
}
