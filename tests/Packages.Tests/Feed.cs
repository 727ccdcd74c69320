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
        DotNet(Metadata["RepositoryRoot"], "pack", "MmMamba.Dsl.sln", "--no-build", "-c", Metadata["Configuration"], $"-p:PackageVersion={Version}", "-o", Packages, "-v", "quiet").Succeeded();
    }

    /// <summary>Where everything of this run lies. The space is part of the test.</summary>
    public string Folder { get; } = Path.Combine(Path.GetTempPath(), "mmmamba packages " + Guid.NewGuid().ToString("N"));

    public string Packages => Path.Combine(Folder, "packed");

    public string Version { get; } = "0.1.0-test." + DateTime.UtcNow.Ticks.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>A package's entries.</summary>
    public ZipArchive Open(string id) => ZipFile.OpenRead(Path.Combine(Packages, $"{id}.{Version}.nupkg"));

    /// <summary>The template's project in a new folder.</summary>
    public string NewConsumer(string name)
    {
        var hive = Path.Combine(Folder, "hive");
        if (!Directory.Exists(hive))
            DotNet(Folder, "new", "install", Path.Combine(Packages, $"MmMamba.Dsl.Templates.{Version}.nupkg"), "--debug:custom-hive", hive).Succeeded();
        DotNet(Folder, "new", "mmmamba", "-n", name, "--debug:custom-hive", hive).Succeeded();
        return Path.Combine(Folder, name);
    }

    public Result DotNet(string folder, params string[] arguments) => Command.Run("dotnet", folder, Nothing, arguments);

    public Result Tool(string folder, params string[] arguments) => Tool(folder, Nothing, arguments);

    public Result Tool(string folder, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        Command.Run(Path.Combine(Folder, "tools", "mmmamba"), folder, environment, arguments);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
