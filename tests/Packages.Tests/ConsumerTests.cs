using System.Text.RegularExpressions;

namespace MmMamba.Packages.Tests;

/// <summary>A new user's way: a fresh project over the packages, its first run, its first mistake.</summary>
[Collection(Feed.Collection)]
[Trait("Category", "Long")]
public sealed partial class ConsumerTests(Feed feed)
{
    [Fact]
    public void A_fresh_project_runs_and_a_mistake_is_its_only_error()
    {
        var folder = feed.NewConsumer("Fresh");
        var project = Path.Combine(folder, "Fresh");
        var spec = Path.Combine(project, "models", "few-attention.mmmodel.yaml");
        var assembly = Path.Combine(project, "bin", "Debug", "net10.0", "Fresh.dll");

        // It builds without a warning, and the program prints what it knows and computes what it must.
        var built = feed.DotNet(project, "build").Succeeded();
        Assert.Contains("0 Warning(s)", built.Output);
        var run = feed.DotNet(project, assembly).Succeeded().Output;
        Assert.Contains("FewAttention: ", run);
        Assert.Contains("Decoder3 is a AttentionLayer", run);
        Assert.Matches(Tokens(), run);
        Assert.True(File.Exists(Path.Combine(project, "obj", "mmmodel.schema.json")));

        // A second build compiles nothing; a change of a spec does.
        var first = File.GetLastWriteTimeUtc(assembly);
        feed.DotNet(project, "build", "--no-restore").Succeeded();
        Assert.Equal(first, File.GetLastWriteTimeUtc(assembly));
        File.WriteAllText(spec, File.ReadAllText(spec).Replace("count: 4", "count: 2"));
        feed.DotNet(project, "build", "--no-restore").Succeeded();
        Assert.NotEqual(first, File.GetLastWriteTimeUtc(assembly));
        Assert.NotEqual(run, feed.DotNet(project, assembly).Succeeded().Output);

        // A misspelt key is one error, at its line and column, with what to write; the program, which uses the model, adds none.
        File.WriteAllText(spec, File.ReadAllText(spec).Replace("count: 2", "cuont: 2"));
        var broken = feed.DotNet(project, "build", "--no-restore");
        Assert.NotEqual(0, broken.ExitCode);
        var error = Assert.Single(broken.Errors);
        Assert.StartsWith($"{spec}(7,16): error MMD020: ", error);
        Assert.Contains("did you mean `count`?", error);
        Assert.Contains("1 Error(s)", broken.Output);

        // The tool finds the same.
        feed.DotNet(feed.Folder, "tool", "install", "mmmamba", "--version", feed.Version, "--tool-path", Path.Combine(feed.Folder, "tools")).Succeeded();
        var check = feed.Tool(project, "check", "models");
        Assert.NotEqual(0, check.ExitCode);
        Assert.Contains("few-attention.mmmodel.yaml(7,16): error MMD020: ", check.Output);
        Assert.Contains("24 mamba2", feed.Tool(project, "describe", "MmMambaHybrid").Succeeded().Output);

        // It has no libtorch of its own, says which to name, and runs tensors on that.
        var refused = feed.Tool(project, "train", "--steps", "1", "--batch", "2", "--output", "teacher.safetensors").Output.Trim();
        Assert.StartsWith("mmmamba: there is no libtorch beside the program. Name a folder with libtorch in MMMAMBA_LIBTORCH, such as ", refused);
        Assert.DoesNotContain('\n', refused);
        var libtorch = refused[(refused.IndexOf("such as ", StringComparison.Ordinal) + "such as ".Length)..^1];
        feed.Tool(project, new Dictionary<string, string> { ["MMMAMBA_LIBTORCH"] = libtorch }, "train", "--steps", "1", "--batch", "2", "--output", "teacher.safetensors").Succeeded();
        Assert.True(File.Exists(Path.Combine(project, "teacher.safetensors")));
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

    [GeneratedRegex(@"tokens: 1 5 7 11( \d+){4}; cache: [\d,]+ bytes")]
    private static partial Regex Tokens();
}
