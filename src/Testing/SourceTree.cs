namespace MmMamba.Testing;

/// <summary>Finds source files again: builds on CI write their paths as <c>/_/...</c>, relative to the repository's root.</summary>
public static class SourceTree
{
    const string MappedRoot = "/_/";

    /// <summary>The path of a source file, as <c>[CallerFilePath]</c> gives it, on the machine that runs the tests.</summary>
    public static string OnThisMachine(string sourceFile) =>
        sourceFile.StartsWith(MappedRoot, StringComparison.Ordinal) ? Path.Combine(Root(), sourceFile[MappedRoot.Length..]) : sourceFile;

    static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (folder.EnumerateFiles("*.sln").Concat(folder.EnumerateFiles("*.slnx")).Any()) return folder.FullName;
        throw new SnapshotException($"No folder above {AppContext.BaseDirectory} holds a solution, so the snapshots' source folder is unknown.");
    }
}
