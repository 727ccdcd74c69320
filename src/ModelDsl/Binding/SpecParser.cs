using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <param name="Path">Where the text comes from; diagnostics repeat it as it is.</param>
/// <param name="DeclaredIn">See <see cref="ParsedSpec.DeclaredIn"/>.</param>
public sealed record SpecFile(string Path, string Text, string? DeclaredIn = null);

/// <summary>
/// One file, read and checked on its own. Equal by value, positions included, so that an incremental build can keep what it made
/// from an equal one.
/// </summary>
/// <param name="Name">The model or family, where the file names one that can be a class; known also of a file that breaks off further down.</param>
/// <param name="Root">The file's nodes; null where the text couldn't be read.</param>
/// <param name="Diagnostics">What is wrong with the file, whatever the others hold.</param>
/// <param name="IsFamily">Whether it names an ablation family, and not a model.</param>
public sealed record ParsedSpec(string Path, string? Name, MappingNode? Root, EquatableArray<Diagnostic> Diagnostics, bool IsFamily = false)
{
    /// <summary>The doubts that the file lets stand.</summary>
    public EquatableArray<Allowance> Allowances { get; init; } = [];

    /// <summary>The path's last part, whichever slash it is written with.</summary>
    public string FileName => FileNameOf(Path);

    /// <summary>What the file extends, as it says; known also of a file that breaks off further down.</summary>
    public string? Extends { get; init; }

    /// <summary>
    /// Namespace of the class that another assembly has of this spec, which is then a declaration: others extend it and are taught by it,
    /// and its mistakes are not theirs to mend. Null for a spec of one's own.
    /// </summary>
    public string? DeclaredIn { get; init; }

    /// <summary>The file of figures that a family reports: its path beside the family's own; null where it names none.</summary>
    public string? Reported => IsFamily && Root?.Get("reported") is ScalarNode { Kind: ScalarKind.Text } path
        ? ReportPath.In(ReportPath.Folder(Path), path.Text)
        : null;

    /// <summary>What files are put in order by: the path, whichever slash it is written with.</summary>
    public string SortKey => Path.Replace('\\', '/');

    internal static string FileNameOf(string path) => path.Substring(path.LastIndexOfAny(['/', '\\']) + 1);
}

/// <summary>Reads one file of the language.</summary>
public static class SpecParser
{
    /// <summary>How a spec's file name ends.</summary>
    public const string Extension = ".mmmodel.yaml";

    /// <summary>Whether a file of this name is a spec, in capital letters too: file systems that know no difference are many.</summary>
    public static bool IsSpec(string path) => path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a file; any text gives a result, never an exception.</summary>
    public static ParsedSpec Parse(SpecFile file)
    {
        var (root, (written, extends), problems) = SpecReader.Read(file.Path, file.Text);
        var name = written is { Text: var text } && Identifiers.IsClassName(text) && !ReservedNames.Contains(text) ? text : null;
        var isFamily = written is { IsFamily: true };
        if (root is null) return new(file.Path, name, null, problems, isFamily) { Extends = extends, DeclaredIn = file.DeclaredIn };
        var found = new List<Diagnostic>(problems);
        var allowances = Allowance.Read(file, found);
        return Check(new(file.Path, name, null, new(found), isFamily) { Extends = extends, DeclaredIn = file.DeclaredIn, Allowances = allowances }, root);
    }

    /// <summary>The spec with other nodes, checked, and what was wrong with its text.</summary>
    internal static ParsedSpec Check(ParsedSpec spec, MappingNode root)
    {
        var found = new List<Diagnostic>(spec.Root is null ? spec.Diagnostics : []);
        new ShapeChecker(spec.Path, found).CheckRoot(root);
        return spec with { Root = root, Diagnostics = new(found) };
    }
}
