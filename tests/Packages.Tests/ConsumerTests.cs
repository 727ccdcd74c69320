using System.Text.RegularExpressions;

namespace MmMamba.Packages.Tests;

/// <summary>A new user's way: a fresh solution over the packages, its first run, its first mistake, its first change.</summary>
[Collection(Feed.Collection)]
[Trait("Category", "Long")]
public sealed partial class ConsumerTests(Feed feed)
{
    FreshSolution Fresh => feed.Fresh;

    string SpecFrom(string folder) => Path.GetRelativePath(folder, Fresh.Spec);

    [Fact]
    public void A_fresh_solution_builds_and_runs()
    {
        Assert.Contains("0 Warning(s)", Fresh.Built.Output);
        Assert.True(File.Exists(Path.Combine(Fresh.Project, "obj", "mmmodel.schema.json")));

        // The program prints what it knows and computes what it must.
        Fresh.WriteBack();
        Fresh.Build().Succeeded();
        var run = Fresh.DotNet(Fresh.Program).Succeeded().Output;
        Assert.Contains("FewAttention: ", run);
        Assert.Contains("Decoder3 is an AttentionLayer", run);
        Assert.Matches(Tokens(), run);

        // Another build compiles nothing; a change of a spec does.
        var first = File.GetLastWriteTimeUtc(Fresh.Program);
        Fresh.Build().Succeeded();
        Assert.Equal(first, File.GetLastWriteTimeUtc(Fresh.Program));
        Fresh.Write("count: 4", "count: 2");
        Fresh.Build().Succeeded();
        Assert.NotEqual(first, File.GetLastWriteTimeUtc(Fresh.Program));
        Assert.NotEqual(run, Fresh.DotNet(Fresh.Program).Succeeded().Output);
    }

    [Fact]
    public void A_misspelt_key_is_the_only_error_and_says_what_to_write()
    {
        Fresh.Write("count: 4", "cuont: 4");
        var broken = Fresh.Build();
        Assert.NotEqual(0, broken.ExitCode);
        // The program and the test use the model, and add no error.
        var error = Assert.Single(broken.Errors);
        Assert.StartsWith($"{Fresh.Spec}(7,16): error MMD020: ", error);
        Assert.Contains("did you mean `count`?", error);
        Assert.Contains("1 Error(s)", broken.Output);

        // The tool finds the same.
        var check = Fresh.DotNet("mmmamba", "check", Path.GetDirectoryName(SpecFrom(Fresh.Folder))!);
        Assert.Equal(1, check.ExitCode);
        Assert.Contains($"{SpecFrom(Fresh.Folder)}(7,16): error MMD020: ", check.Output);
    }

    [Fact]
    public void Another_placement_shows_its_meaning_to_the_reviewer_and_in_the_test()
    {
        Fresh.WriteBack();
        Fresh.Git("init", "-q").Succeeded();
        Fresh.Git("add", ".").Succeeded();
        Assert.DoesNotContain("/bin/", Fresh.Git("ls-files").Succeeded().Output);
        Fresh.Git("-c", "user.name=User", "-c", "user.email=user@localhost", "commit", "-q", "-m", "Models").Succeeded();
        Assert.Contains("Passed:     2", Fresh.DotNet("test", "--no-restore").Succeeded().Output);

        Fresh.Write("count: 4", "count: 4, from: tail, pattern: stacked");
        string[] meaning =
        [
            "  stage-1 artefacts         fits",
            "  stage-3 weights           does not fit: 8 layers change kind",
            "  before  A.......        A.......A.......A.......",
            "  after   ........        ....................AAAA",
            "  ~ mixer in layers 0, 8, 16, 24: attention -> mamba2",
        ];
        var diff = Fresh.DotNet("mmmamba", "diff", SpecFrom(Fresh.Folder), "--from", "HEAD").Succeeded().Output;
        Assert.All(meaning, line => Assert.Contains(line + "\n", diff));

        var red = Fresh.DotNet("test", "--no-restore");
        Assert.NotEqual(0, red.ExitCode);
        Assert.Contains("Failed:     1, Passed:     1", red.Output);
        Assert.All(meaning, line => Assert.Contains(line.TrimEnd(), red.Output));
        Assert.DoesNotContain("fingerprints\n  architecture", red.Output);

        Fresh.DotNet(new Dictionary<string, string> { ["MMMAMBA_ACCEPT_SNAPSHOTS"] = "1" }, "test", "--no-build").Succeeded();
        Fresh.DotNet("test", "--no-build").Succeeded();
        Assert.Equal(
            ["Fresh.Tests/ModelTests.Few_attention#FewAttention.verified.txt", "Fresh/models/few-attention.mmmodel.yaml"],
            Fresh.Git("diff", "--name-only").Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    /// <summary>The tool has no libtorch of its own, says which to name, and runs tensors on that.</summary>
    [Fact]
    public void The_tool_runs_on_the_libtorch_that_is_named()
    {
        string[] train = ["mmmamba", "train", "--steps", "1", "--batch", "2", "--output", "teacher.safetensors"];
        var refused = Fresh.DotNet(train).Output.Trim();
        Assert.StartsWith("mmmamba: there is no libtorch beside the program. Name a folder with libtorch in MMMAMBA_LIBTORCH, such as ", refused);
        Assert.DoesNotContain('\n', refused);
        var libtorch = refused[(refused.IndexOf("such as ", StringComparison.Ordinal) + "such as ".Length)..^1];
        Fresh.DotNet(new Dictionary<string, string> { ["MMMAMBA_LIBTORCH"] = libtorch }, train).Succeeded();
        Assert.True(File.Exists(Path.Combine(Fresh.Folder, "teacher.safetensors")));
    }

    [Fact]
    public void A_program_without_a_libtorch_is_told_what_to_write()
    {
        var project = Path.Combine(feed.NewConsumer("Bare"), "Bare");
        var file = Path.Combine(project, "Bare.csproj");
        File.WriteAllText(file, string.Join('\n', File.ReadLines(file).Where(line => !line.Contains("libtorch", StringComparison.Ordinal))));

        feed.DotNet(project, "restore").Succeeded();
        var missing = feed.DotNet(project, "msbuild", "-t:ResolvePackageAssets");
        Assert.NotEqual(0, missing.ExitCode);
        Assert.Contains("Write <PackageReference Include=\"libtorch-cpu-", missing.Output);
        feed.DotNet(project, "msbuild", "-t:ResolvePackageAssets", "-p:MmMambaBackend=external").Succeeded();
        Assert.Contains("Write <PackageReference Include=\"TorchSharp-cuda-linux\"", feed.DotNet(project, "msbuild", "-t:ResolvePackageAssets", "-p:MmMambaBackend=cuda-linux").Output);
    }

    /// <summary>Each would be dozens of errors of generated code without the check.</summary>
    [Fact]
    public void A_missing_runtime_and_one_of_another_version_are_one_error_each()
    {
        var project = Path.Combine(feed.NewConsumer("Lone"), "Lone");
        var file = Path.Combine(project, "Lone.csproj");
        var written = File.ReadAllText(file);
        File.WriteAllText(file, string.Join('\n', written.Split('\n').Where(line => !line.Contains("MmMamba.Models", StringComparison.Ordinal))));
        Assert.Contains($"Write <PackageReference Include=\"MmMamba.Models\" Version=\"{feed.Version}\" />", Assert.Single(feed.DotNet(project, "build").Errors));

        var other = feed.Version + ".other";
        feed.Pack("src/Generators", feed.Packages + " other", other);
        File.WriteAllText(file, written.Replace("\"MmMamba.Dsl\" Version=\"$(MmMambaVersion)\"", $"\"MmMamba.Dsl\" Version=\"{other}\""));
        var mixed = feed.DotNet(project, "build", $"-p:RestoreAdditionalProjectSources={feed.Packages} other");
        Assert.Contains($"MmMamba.Dsl is {other} and MmMamba.Dsl.Runtime {feed.Version}.", Assert.Single(mixed.Errors));
    }

    [GeneratedRegex(@"tokens: 1 5 7 11( \d+){4}; cache: [\d,]+ bytes")]
    private static partial Regex Tokens();
}
