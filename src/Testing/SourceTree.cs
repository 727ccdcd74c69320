using System.Text.RegularExpressions;

namespace MmMamba.Testing;

/// <summary>Finds source files again: builds on CI write their paths as <c>/_/...</c> (<c>/_1/...</c> and so on in submodules), relative to a repository's root.</summary>
public static partial class SourceTree
{
    /// <summary>The path of a source file, as <c>[CallerFilePath]</c> gives it, on the machine that runs the tests.</summary>
    /// <exception cref="SnapshotException">The path is a mapped one, and no folder above the test's assembly holds the file.</exception>
    public static string OnThisMachine(string sourceFile) => OnThisMachine(sourceFile, AppContext.BaseDirectory);

    /// <param name="sourceFile">The path that the compiler wrote.</param>
    /// <param name="assemblyFolder">Where the test's assembly lies: below the repository's root.</param>
    internal static string OnThisMachine(string sourceFile, string assemblyFolder)
    {
        var mapped = MappedRoot().Match(sourceFile);
        if (!mapped.Success) return sourceFile;

        // The file itself tells which folder is the root: a solution may lie anywhere between.
        for (var folder = new DirectoryInfo(assemblyFolder); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, sourceFile[mapped.Length..]);
            if (File.Exists(candidate)) return candidate;
        }
        throw new SnapshotException($"No folder above {assemblyFolder} holds {sourceFile[mapped.Length..]}, so the snapshots' folder is unknown.");
    }

    [GeneratedRegex("^/_[0-9]*/")]
    private static partial Regex MappedRoot();
}
