namespace MmMamba.Generators.Tests.Harness;

/// <summary>The specs of the tree.</summary>
static class Specs
{
    public static IReadOnlyDictionary<string, string> Shipped { get; } =
        Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "models"), "*.mmmodel.yaml")
            .ToDictionary(path => Path.GetFileName(path), File.ReadAllText);

    /// <summary>Namespace of their classes.</summary>
    public const string Namespace = "MmMamba.Models";

    /// <summary>Path of a shipped spec in a package.</summary>
    public static string InPackage(string file) => $"/packages/models/{file}";

    /// <summary>A student of the shipped linear model, with more lines at its end.</summary>
    public static string Student(string name, string more = "") =>
        $"mmmodel: 1\nmodel: {name}\nextends: MmMambaLinear\nsummary: A student.\n{more}";
}
