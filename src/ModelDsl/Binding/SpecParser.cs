using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <param name="Path">Where the text comes from; diagnostics repeat it as it is.</param>
public sealed record SpecFile(string Path, string Text);

/// <summary>
/// One file, read and checked on its own. Equal by value, positions included, so that an incremental build can keep what it made
/// from an equal one.
/// </summary>
/// <param name="Name">The model, where the file names one that can be a class; known also of a file that breaks off further down.</param>
/// <param name="Root">The file's nodes; null where the text couldn't be read.</param>
/// <param name="Diagnostics">What is wrong with the file, whatever the others hold.</param>
public sealed record ParsedSpec(string Path, string? Name, MappingNode? Root, EquatableArray<Diagnostic> Diagnostics)
{
    /// <summary>The path's last part, whichever slash it is written with.</summary>
    public string FileName => FileNameOf(Path);

    internal bool HasErrors => Diagnostics.Any(diagnostic => diagnostic.Severity == Severity.Error);

    internal static string FileNameOf(string path) => path.Substring(path.LastIndexOfAny(['/', '\\']) + 1);
}

/// <summary>Reads one file of the language.</summary>
public static class SpecParser
{
    /// <summary>Reads a file; any text gives a result, never an exception.</summary>
    public static ParsedSpec Parse(SpecFile file)
    {
        var (root, model, problems) = SpecReader.Read(file.Path, file.Text);
        var name = model is not null && Identifiers.IsClassName(model) && !ReservedNames.Contains(model) ? model : null;
        if (root is null) return new(file.Path, name, null, problems);
        var found = new List<Diagnostic>(problems);
        new ShapeChecker(file.Path, found).CheckRoot(root);
        return new(file.Path, name, root, new(found));
    }
}
