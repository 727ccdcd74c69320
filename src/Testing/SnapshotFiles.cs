namespace MmMamba.Testing;

/// <summary>The pair of files of one snapshot, beside the test's source file.</summary>
readonly record struct SnapshotFiles(string Verified, string Received)
{
    public static SnapshotFiles Of(string sourceFile, string method, string? hint, string extension)
    {
        var name = $"{Path.GetFileNameWithoutExtension(sourceFile)}.{method}{(hint is null ? "" : $"#{hint}")}";
        var stem = Path.Combine(Path.GetDirectoryName(sourceFile)!, name);
        return new($"{stem}.verified.{extension}", $"{stem}.received.{extension}");
    }
}
