using System.IO.Compression;
using System.Reflection;

namespace MmMamba.Packages.Tests;

/// <summary>
/// All packages, packed once into a folder of this run, in a version of this run: nothing that was packed before can be taken for them.
/// What they depend on comes from the machine's package folder, read only.
/// </summary>
[CollectionDefinition(Collection)]
public sealed class Feed : IDisposable, ICollectionFixture<Feed>
{
    /// <summary>The tests that share it.</summary>
    public const string Collection = "Packages";

    static readonly Dictionary<string, string> Metadata = typeof(Feed).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .ToDictionary(attribute => attribute.Key, attribute => attribute.Value!);

    static readonly Dictionary<string, string> Nothing = [];

    readonly Lazy<FreshSolution> _fresh;

    public Feed()
    {
        Directory.CreateDirectory(Packages);
        File.WriteAllText(Path.Combine(Folder, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="restored" /></config>
              <packageSources><add key="packed" value="packed" /></packageSources>
              <fallbackPackageFolders><add key="machine" value="{Metadata["NuGetPackageRoot"]}" /></fallbackPackageFolders>
            </configuration>
            """);
        Pack("MmMamba.Dsl.sln", Packages);
        _fresh = new(() => new(this));
    }

    /// <summary>Where everything of this run lies. The space is part of the test.</summary>
    public string Folder { get; } = Path.Combine(Path.GetTempPath(), "mmmamba packages " + Guid.NewGuid().ToString("N"));

    public string Packages => Path.Combine(Folder, "packed");

    public string Version { get; } = "0.1.0-test." + DateTime.UtcNow.Ticks.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The solution that tests share.</summary>
    public FreshSolution Fresh => _fresh.Value;

    /// <summary>A package's file.</summary>
    public string PathOf(string id) => Path.Combine(Packages, $"{id}.{Version}.nupkg");

    /// <summary>The assemblies that the packages' own refer to: those of the framework, and those that the tool was built with.</summary>
    public IEnumerable<string> References =>
        Directory.EnumerateFiles(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "System*.dll")
            .Concat(Directory.EnumerateFiles(Metadata["ToolFolder"], "*.dll").Where(path => !Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal)));

    /// <summary>A package's entries.</summary>
    public ZipArchive Open(string id) => ZipFile.OpenRead(PathOf(id));

    /// <summary>Packs a project or solution as it was built; in the version of this run, unless another is named.</summary>
    public void Pack(string project, string output, string? version = null) =>
        DotNet(Metadata["RepositoryRoot"], "pack", project, "--no-build", "-c", Metadata["Configuration"], $"-p:PackageVersion={version ?? Version}", "-o", output, "-v", "quiet").Succeeded();

    /// <summary>The template's solution in a new folder.</summary>
    public string NewConsumer(string name)
    {
        var hive = Path.Combine(Folder, "hive");
        if (!Directory.Exists(hive)) DotNet(Folder, "new", "install", PathOf("MmMamba.Dsl.Templates"), "--debug:custom-hive", hive).Succeeded();
        DotNet(Folder, "new", "mmmamba", "-n", name, "--debug:custom-hive", hive).Succeeded();
        return Path.Combine(Folder, name);
    }

    public Result DotNet(string folder, params string[] arguments) => Command.Run("dotnet", folder, Nothing, arguments);

    /// <summary>The program of a local tool or of an assembly, with variables of its own.</summary>
    public Result DotNet(string folder, IReadOnlyDictionary<string, string> environment, params string[] arguments) => Command.Run("dotnet", folder, environment, arguments);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
