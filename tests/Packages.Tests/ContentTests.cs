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

        foreach (var id in new[] { "MmMamba.Dsl", "MmMamba.Dsl.Runtime", "MmMamba.Models", "MmMamba.ModelDsl", "MmMamba.Dsl.Templates", "mmmamba" })
        {
            Assert.Contains("README.md", Entries(id));
            Assert.Contains("<license type=\"expression\">MIT</license>", Nuspec(id));
        }
    }

    [Fact]
    public void The_tool_is_small_and_holds_no_libtorch()
    {
        Assert.DoesNotContain(Entries("mmmamba"), name => name.Contains("torch_cpu", StringComparison.Ordinal) || name.Contains("libc10", StringComparison.Ordinal));
        Assert.Contains(Entries("mmmamba"), name => name.EndsWith("/libLibTorchSharp.so", StringComparison.Ordinal));
        Assert.InRange(new FileInfo(Path.Combine(feed.Packages, $"mmmamba.{feed.Version}.nupkg")).Length, 1, 40_000_000);
    }
}
