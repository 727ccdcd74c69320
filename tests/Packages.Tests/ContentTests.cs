namespace MmMamba.Packages.Tests;

/// <summary>What each package holds and what it asks for.</summary>
[Collection(Feed.Collection)]
[Trait("Category", "Long")]
public sealed class ContentTests(Feed feed)
{
    string[] Entries(string id)
    {
        using var package = feed.Open(id);
        return [.. package.Entries.Select(entry => entry.FullName).Where(name => !name.StartsWith("_rels/", StringComparison.Ordinal)
            && !name.StartsWith("package/", StringComparison.Ordinal) && name != "[Content_Types].xml").Order(StringComparer.Ordinal)];
    }

    string Nuspec(string id)
    {
        using var package = feed.Open(id);
        using var reader = new StreamReader(package.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open());
        return reader.ReadToEnd();
    }

    [Fact]
    public void Packages_hold_what_they_should_and_ask_for_no_more()
    {
        Assert.Equal(
            ["MmMamba.Dsl.nuspec", "README.md", "analyzers/dotnet/cs/MmMamba.Generators.dll", "analyzers/dotnet/cs/MmMamba.ModelDsl.dll", "analyzers/dotnet/cs/YamlDotNet.dll",
                "build/MmMamba.Dsl.props", "build/MmMamba.Dsl.targets", "schemas/mmmodel.schema.json"],
            Entries("MmMamba.Dsl"));
        Assert.Contains("<developmentDependency>true</developmentDependency>", Nuspec("MmMamba.Dsl"));
        Assert.DoesNotContain("<dependency ", Nuspec("MmMamba.Dsl"));

        Assert.Contains("buildTransitive/MmMamba.Models.props", Entries("MmMamba.Models"));
        Assert.Contains("specs/hovle.mmmodel.yaml", Entries("MmMamba.Models"));
        Assert.Contains($"<dependency id=\"MmMamba.Dsl.Runtime\" version=\"{feed.Version}\"", Nuspec("MmMamba.Models"));
        Assert.DoesNotContain("MmMamba.Generators", Nuspec("MmMamba.Models"));

        Assert.Contains("buildTransitive/MmMamba.Dsl.Runtime.targets", Entries("MmMamba.Dsl.Runtime"));
        Assert.Contains("<dependency id=\"TorchSharp\"", Nuspec("MmMamba.Dsl.Runtime"));
        Assert.DoesNotContain("libtorch", Nuspec("MmMamba.Dsl.Runtime"));

        // The language comes along to run; what one compiles against is the package's own face.
        Assert.Equal(
            ["MmMamba.Dsl.Testing.nuspec", "README.md", "lib/net10.0/MmMamba.ModelDsl.dll", "lib/net10.0/MmMamba.Testing.dll", "lib/net10.0/MmMamba.Testing.xml",
                "ref/net10.0/MmMamba.Testing.dll", "ref/net10.0/MmMamba.Testing.xml"],
            Entries("MmMamba.Dsl.Testing"));
        Assert.Contains("<dependency id=\"YamlDotNet\"", Nuspec("MmMamba.Dsl.Testing"));
        Assert.DoesNotContain("MmMamba.ModelDsl", Nuspec("MmMamba.Dsl.Testing"));

        Assert.Contains("content/HybridApp/HybridApp.Tests/ModelTests.cs", Entries("MmMamba.Dsl.Templates"));
        Assert.DoesNotContain(Entries("MmMamba.Dsl.Templates"), name => name.Contains("/obj/", StringComparison.Ordinal) || name.Contains(".received.", StringComparison.Ordinal));
    }

    [Fact]
    public void There_is_no_other_package_and_each_says_what_it_is()
    {
        Assert.Equal(
            ["MmMamba.Dsl", "MmMamba.Dsl.Runtime", "MmMamba.Dsl.Templates", "MmMamba.Dsl.Testing", "MmMamba.Models", "mmmamba"],
            Directory.EnumerateFiles(feed.Packages, "*.nupkg").Select(path => Path.GetFileName(path)[..^$".{feed.Version}.nupkg".Length]).Order(StringComparer.Ordinal));
        foreach (var id in new[] { "MmMamba.Dsl", "MmMamba.Dsl.Runtime", "MmMamba.Models", "MmMamba.Dsl.Testing", "MmMamba.Dsl.Templates", "mmmamba" })
        {
            Assert.Contains("README.md", Entries(id));
            Assert.Contains("<license type=\"expression\">MIT</license>", Nuspec(id));
            Assert.Matches("<description>[^<]{40,}</description>", Nuspec(id));
            Assert.DoesNotContain("<projectUrl>", Nuspec(id));
        }
    }

    /// <summary>What was built once and packed twice, at another time and into another folder.</summary>
    [Theory]
    [InlineData("src/Generators", "MmMamba.Dsl")]
    [InlineData("src/Testing", "MmMamba.Dsl.Testing")]
    [InlineData("templates", "MmMamba.Dsl.Templates")]
    public void Packing_again_gives_the_same_bytes(string project, string id)
    {
        var again = Path.Combine(feed.Folder, "again");
        feed.Pack(project, again);
        Assert.Equal(File.ReadAllBytes(feed.PathOf(id)), File.ReadAllBytes(Path.Combine(again, Path.GetFileName(feed.PathOf(id)))));
    }

    [Fact]
    public void The_tool_is_small_and_holds_no_libtorch()
    {
        Assert.DoesNotContain(Entries("mmmamba"), name => name.Contains("torch_cpu", StringComparison.Ordinal) || name.Contains("libc10", StringComparison.Ordinal));
        Assert.Contains(Entries("mmmamba"), name => name.EndsWith("/libLibTorchSharp.so", StringComparison.Ordinal));
        Assert.InRange(new FileInfo(feed.PathOf("mmmamba")).Length, 1, 40_000_000);
    }
}
