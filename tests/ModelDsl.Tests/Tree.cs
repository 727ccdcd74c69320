using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Tests;

/// <summary>The tree's own specs, and specs written in a test beside them.</summary>
static class Tree
{
    /// <summary>The published models and the tiny ones, by path.</summary>
    public static IReadOnlyList<SpecFile> Shipped { get; } =
    [
        .. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "models"), "*.mmmodel.yaml")
            .OrderBy(path => path, StringComparer.Ordinal)
            .Select(path => new SpecFile("models/" + Path.GetFileName(path), File.ReadAllText(path))),
    ];

    /// <summary>The paper's figures, by path.</summary>
    public static IReadOnlyList<SpecFile> Reports { get; } =
    [
        .. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "models", "paper"), "*.yaml")
            .OrderBy(path => path, StringComparer.Ordinal)
            .Select(path => new SpecFile("models/paper/" + Path.GetFileName(path), File.ReadAllText(path))),
    ];

    static readonly ParsedSpec[] ShippedParsed = [.. Shipped.Select(SpecParser.Parse)];
    static readonly ParsedSpec[] ShippedModels = [.. ShippedParsed.Where(spec => !spec.IsFamily)];
    static readonly ParsedReport[] ReportsParsed = [.. Reports.Select(ParsedReport.Parse)];

    /// <summary>Binds files and the paper's figures.</summary>
    public static EquatableArray<BoundSpec> Bind(params SpecFile[] files) => Catalog.BindFiles([.. files, .. Reports]);

    /// <summary>Binds files among the shipped ones; gives theirs alone, in the order given.</summary>
    public static BoundSpec[] BindAmongShipped(params SpecFile[] files)
    {
        ParsedSpec[] specs = [.. files.Where(file => SpecParser.IsSpec(file.Path)).Select(SpecParser.Parse)];
        // No model hangs on a family, and a family is many models.
        var beside = specs.Any(spec => spec.IsFamily) ? ShippedParsed : ShippedModels;
        return [.. Catalog.Bind(
            [.. beside, .. specs],
            [.. ReportsParsed, .. files.Where(file => !SpecParser.IsSpec(file.Path)).Select(ParsedReport.Parse)]).Skip(beside.Length)];
    }

    /// <summary>A model that extends a shipped one by some lines, all warnings and hints allowed.</summary>
    public static ModelSpec Variant(string of, string lines)
    {
        var bound = BindAmongShipped(new SpecFile("variant.mmmodel.yaml", $"mmmodel: 1\nmodel: Variant\nextends: {of}\n{lines}\n")).Single();
        Assert.True(bound.Model is not null, string.Join("\n", bound.Diagnostics));
        return bound.Model!;
    }

    /// <summary>The diagnostics of a model that extends a shipped one by some lines, the first of which is line 4.</summary>
    public static EquatableArray<Diagnostic> Diagnose(string of, string lines) =>
        BindAmongShipped(new SpecFile("variant.mmmodel.yaml", $"mmmodel: 1\nmodel: Variant\nextends: {of}\n{lines}\n")).Single().Diagnostics;

    public static ModelSpec Model(string name) => Bind([.. Shipped]).Single(spec => spec.Name == name).Model!;
}
