using System.Text;

namespace MmMamba.Models;

/// <summary>A spec of this assembly.</summary>
/// <param name="File">Its file name.</param>
/// <param name="Text">What it says.</param>
public readonly record struct PublishedSpec(string File, string Text);

/// <summary>The specs that the models were generated from, as text: specs written elsewhere extend them at run time.</summary>
public static class PublishedSpecs
{
    const string Extension = ".mmmodel.yaml";

    /// <summary>Every spec, by file name.</summary>
    public static IReadOnlyList<PublishedSpec> All { get; } =
    [
        .. typeof(PublishedSpecs).Assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(Extension, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name => new PublishedSpec(name, Read(name))),
    ];

    static string Read(string name)
    {
        using var reader = new StreamReader(typeof(PublishedSpecs).Assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
