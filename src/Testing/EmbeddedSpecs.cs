using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using MmMamba.ModelDsl.Binding;

namespace MmMamba.Testing;

/// <summary>Specs that an assembly carries as resources, named as their files.</summary>
static class EmbeddedSpecs
{
    public const string Extension = ".mmmodel.yaml";

    /// <summary>The specs of an assembly, by name of their files.</summary>
    public static IReadOnlyList<ParsedSpec> Of(Assembly assembly) =>
    [
        .. assembly.GetManifestResourceNames()
            .Where(IsSpec)
            .Order(StringComparer.Ordinal)
            .Select(name => SpecParser.Parse(new(name, Read(assembly, name)))),
    ];

    /// <summary>The specs of all assemblies beside the tests; none is loaded that carries none.</summary>
    public static IEnumerable<ParsedSpec> Deployed() =>
        Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll").Order(StringComparer.Ordinal)
            .Where(Carries)
            .SelectMany(path => Of(Assembly.Load(AssemblyName.GetAssemblyName(path))));

    static bool Carries(string path)
    {
        using var image = new PEReader(File.OpenRead(path));
        try
        {
            if (!image.HasMetadata) return false;
            var metadata = image.GetMetadataReader();
            return metadata.ManifestResources.Any(resource => IsSpec(metadata.GetString(metadata.GetManifestResource(resource).Name)));
        }
        // A native library, or something else that only has the name of one.
        catch (BadImageFormatException)
        {
            return false;
        }
    }

    static bool IsSpec(string resource) => resource.EndsWith(Extension, StringComparison.Ordinal);

    static string Read(Assembly assembly, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
