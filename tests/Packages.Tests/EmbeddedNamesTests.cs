using System.Reflection;
using System.Text.Json;

namespace MmMamba.Packages.Tests;

/// <summary>The names under which the build of a project embeds its specs: asked of MSBuild, without a compiler.</summary>
public sealed class EmbeddedNamesTests : IDisposable
{
    static readonly string Targets = Path.Combine(
        typeof(EmbeddedNamesTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "RepositoryRoot").Value!,
        "src", "Generators", "build", "MmMamba.Dsl.targets");

    // Spaces and quotes stand in folders, too.
    readonly string _folder = Path.Combine(Path.GetTempPath(), "mmmamba o'names " + Guid.NewGuid().ToString("N"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    string[] Names(string items, params string[] files)
    {
        var project = Path.Combine(_folder, "app", "App.proj");
        foreach (var file in files)
        {
            var path = Path.Combine(_folder, "app", file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "");
        }
        File.WriteAllText(project, $"""<Project><ItemGroup>{items}</ItemGroup><Import Project="{Targets}" /></Project>""");
        var asked = Command.Run("dotnet", _folder, new Dictionary<string, string>(), "msbuild", project, "-nologo", "-t:EmbedModelSpecs", "-getItem:EmbeddedResource").Succeeded();
        return [.. JsonDocument.Parse(asked.Output).RootElement.GetProperty("Items").GetProperty("EmbeddedResource").EnumerateArray()
            .Select(item => item.GetProperty("LogicalName").GetString()!).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public void A_spec_has_its_path_however_the_project_lists_it()
    {
        string[] files = ["a/x.mmmodel.yaml", "b/x.mmmodel.yaml", "b/deep/x.MMMODEL.YAML", "top.mmmodel.yaml", "a/paper/t.yaml"];
        string[] names = ["a/paper/t.yaml", "a/x.mmmodel.yaml", "b/deep/x.MMMODEL.YAML", "b/x.mmmodel.yaml", "top.mmmodel.yaml"];
        Assert.Equal(names, Names(string.Concat(files.Select(file => $"""<AdditionalFiles Include="{file}" />""")), files));
        Assert.Equal(names, Names("""<AdditionalFiles Include="**/*.yaml" />""", files));
        Assert.Equal(names, Names("""<AdditionalFiles Include="$(MSBuildProjectDirectory)/**/*.yaml" />""", files));
    }

    [Fact]
    public void A_spec_above_the_project_has_its_path_from_there_or_its_link()
    {
        string[] files = ["../a/x.mmmodel.yaml", "../b/x.mmmodel.yaml", "../b/t.yaml", "b/x.mmmodel.yaml"];
        Assert.Equal(["../a/x.mmmodel.yaml", "../b/x.mmmodel.yaml", "b/x.mmmodel.yaml"], Names(string.Concat(files.Select(file => $"""<AdditionalFiles Include="{file}" />""")), files));
        Assert.Equal(["paper/t.yaml", "x.mmmodel.yaml"], Names("""
            <AdditionalFiles Include="../a/*.mmmodel.yaml" Link="%(Filename)%(Extension)" /><AdditionalFiles Include="../b/t.yaml" Link="paper/%(Filename)%(Extension)" />
            """, files));
    }

    [Fact]
    public void Declarations_and_other_files_are_not_embedded() => Assert.Equal(["own.mmmodel.yaml"], Names("""
        <AdditionalFiles Include="own.mmmodel.yaml" /><AdditionalFiles Include="low.mmmodel.yaml" MmMambaDeclaredIn="Low" /><AdditionalFiles Include="BannedSymbols.txt" />
        """, "own.mmmodel.yaml", "low.mmmodel.yaml", "BannedSymbols.txt"));
}
