using System.Text;
using MmMamba.ModelDsl.Binding;
using MmMamba.Runtime;

namespace MmMamba.Cli.Specs;

/// <summary>The specs of a folder as they were in a git revision.</summary>
static class GitSpecs
{
    /// <summary>Reads and parses them, with the figures that families among them report; a folder that had none gives none.</summary>
    /// <param name="folder">A folder of a working tree.</param>
    /// <param name="revision">Anything that names a commit: a branch, a tag, <c>HEAD~2</c>.</param>
    /// <exception cref="InputException">There is no git, no repository, or no such revision.</exception>
    public static (IReadOnlyList<ParsedSpec> Specs, IReadOnlyList<ParsedReport> Reports) Read(string folder, string revision)
    {
        if (revision.Length == 0 || revision[0] == '-') throw new InputException($"'{revision}' is no revision; write a branch, a tag or a commit.");
        if (!Directory.Exists(folder)) throw new InputException($"{folder}: there is no such folder.");
        var git = new Git(folder);
        git.Text("rev-parse", "--show-toplevel");
        var commit = git.TryText("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")?.Trim()
            ?? throw new InputException($"there is no revision '{revision}' in the repository of {Path.GetFullPath(folder)}.");
        ParsedSpec[] specs = [.. git.Text("ls-tree", "-z", commit).Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(Entry).OfType<(string Blob, string Name)>()
            .OrderBy(entry => entry.Name, StringComparer.Ordinal)
            .Select(entry => SpecParser.Parse(new(entry.Name, Decoded(git.Bytes(SpecLibrary.Longest + 1, "cat-file", "blob", entry.Blob)))))];
        return (specs, [.. specs.Select(spec => spec.Reported).OfType<string>().Distinct()
            .Select(path => git.TryText("cat-file", "blob", $"{commit}:./{path}") is { } text ? ParsedReport.Parse(new(path, text)) : null)
            .OfType<ParsedReport>()]);
    }

    // "100644 blob <id>\t<name>", the name as seen from the folder; links and submodules are no specs.
    static (string Blob, string Name)? Entry(string line)
    {
        var tab = line.IndexOf('\t');
        if (tab < 0 || line[..tab].Split(' ') is not ["100644" or "100755", "blob", var id]) return null;
        var name = line[(tab + 1)..];
        return SpecParser.IsSpec(name) ? (id, name) : null;
    }

    static string Decoded(byte[] bytes)
    {
        using var reader = new StreamReader(new MemoryStream(bytes), Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
