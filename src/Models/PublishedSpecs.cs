using System.Text;

namespace MmMamba.Models;

/// <summary>A spec of this assembly.</summary>
/// <param name="File">Its file name.</param>
/// <param name="Text">What it says.</param>
public readonly record struct PublishedSpec(string File, string Text);

/// <summary>The specs that the models were generated from, as text: specs written elsewhere extend them at run time.</summary>
public static class PublishedSpecs
{
    const string Paper = "paper/";

    /// <summary>Every spec, by file name.</summary>
    public static IReadOnlyList<PublishedSpec> All { get; } = [.. Where(name => !name.StartsWith(Paper, StringComparison.Ordinal))];

    /// <summary>The files of figures that families among them report, by the path that these name.</summary>
    public static IReadOnlyList<PublishedSpec> Figures { get; } = [.. Where(name => name.StartsWith(Paper, StringComparison.Ordinal))];

    static IEnumerable<PublishedSpec> Where(Func<string, bool> chosen) => typeof(PublishedSpecs).Assembly.GetManifestResourceNames()
        .Where(chosen).Order(StringComparer.Ordinal).Select(name => new PublishedSpec(name, Read(name)));

    static string Read(string name)
    {
        using var reader = new StreamReader(typeof(PublishedSpecs).Assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
