namespace MmMamba.Generators.Tests.Harness;

/// <summary>The specs of the tree.</summary>
static class Specs
{
    public static IReadOnlyDictionary<string, string> Shipped { get; } =
        Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "models"), "*.mmmodel.yaml")
            .ToDictionary(path => Path.GetFileName(path), File.ReadAllText);

    /// <summary>The same, and the files of figures that families of the tree report.</summary>
    public static IReadOnlyDictionary<string, string> Files { get; } = new Dictionary<string, string>(Shipped.Concat(
        Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "models", "paper"), "*.yaml")
            .Select(path => KeyValuePair.Create("paper/" + Path.GetFileName(path), File.ReadAllText(path)))));

    /// <summary>Namespace of their classes.</summary>
    public const string Namespace = "MmMamba.Models";

    /// <summary>Path of a shipped spec in a package.</summary>
    public static string InPackage(string file) => $"/packages/models/{file}";

    /// <summary>A student of the shipped linear model, with more lines at its end.</summary>
    public static string Student(string name, string more = "") =>
        $"mmmodel: 1\nmodel: {name}\nextends: MmMambaLinear\nsummary: A student.\n{more}";
}
