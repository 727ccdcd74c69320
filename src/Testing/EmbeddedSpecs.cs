using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using MmMamba.ModelDsl.Binding;

namespace MmMamba.Testing;

/// <summary>Specs, and the figures that families among them report, that assemblies carry as resources named as their files.</summary>
static class EmbeddedSpecs
{
    /// <summary>The files of an assembly, by name.</summary>
    /// <param name="folder">What their paths begin with.</param>
    public static IReadOnlyList<SpecFile> Of(Assembly assembly, string folder = "") =>
    [
        .. assembly.GetManifestResourceNames()
            .Where(name => SpecParser.IsSpec(name) || ParsedReport.MayBe(name))
            .Order(StringComparer.Ordinal)
            .Select(name => new SpecFile(folder + name, Read(assembly, name))),
    ];

    /// <summary>The files of all assemblies beside the tests that carry specs, each below a folder of its assembly's name; no other one is loaded.</summary>
    public static IEnumerable<SpecFile> Deployed() =>
        Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll").Order(StringComparer.Ordinal)
            .Where(Carries)
            .SelectMany(path => Of(Assembly.Load(AssemblyName.GetAssemblyName(path)), Path.GetFileNameWithoutExtension(path) + ":/"));

    static bool Carries(string path)
    {
        using var image = new PEReader(File.OpenRead(path));
        try
        {
            if (!image.HasMetadata) return false;
            var metadata = image.GetMetadataReader();
            return metadata.ManifestResources.Any(resource => SpecParser.IsSpec(metadata.GetString(metadata.GetManifestResource(resource).Name)));
        }
        // A native library, or something else that only has the name of one.
        catch (BadImageFormatException)
        {
            return false;
        }
    }

    static string Read(Assembly assembly, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
