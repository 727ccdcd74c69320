using System.Runtime.CompilerServices;
using DiffEngine;

namespace MmMamba.Testing;

/// <summary>
/// Compares text with the approved copy beside the test's source file, in Verify's names and workflow:
/// <c>Class.Method#Hint.verified.txt</c> is the approved text; on a difference <c>.received.</c> is written beside it and, outside
/// CI, opened in the diff tool. A missing approved file fails, like a difference.
/// </summary>
/// <remarks>
/// The environment variable <c>MMMAMBA_ACCEPT_SNAPSHOTS=1</c> approves whatever is received. Newlines are compared, and written, as \n.
/// The class is the source file's name: one test class a file.
/// </remarks>
public static class Snapshot
{
    /// <summary>Name of the environment variable that approves received text when it is <c>1</c>.</summary>
    public const string AcceptVariable = "MMMAMBA_ACCEPT_SNAPSHOTS";

    /// <summary>Fails with the first differing lines unless the approved text equals <paramref name="text"/>.</summary>
    /// <param name="text">The received text.</param>
    /// <param name="extension">Extension of the files, without a dot.</param>
    /// <param name="hint">Tells several snapshots of one test apart.</param>
    /// <exception cref="SnapshotException">The text differs, or nothing is approved yet.</exception>
    public static void Verify(
        string text, string extension = "txt", string? hint = null,
        [CallerFilePath] string sourceFile = "", [CallerMemberName] string method = "") =>
        Compare(SnapshotFiles.Of(SourceTree.OnThisMachine(sourceFile), method, hint, extension), text, FirstDifference.Between);

    /// <summary>Fails unless the approved text equals the received one.</summary>
    /// <param name="files">The pair of files.</param>
    /// <param name="text">The received text.</param>
    /// <param name="explain">Tells the difference between the approved text and the received one.</param>
    internal static void Compare(SnapshotFiles files, string text, Func<string, string, string> explain)
    {
        var received = WithPlainNewlines(text);
        var approved = File.Exists(files.Verified) ? WithPlainNewlines(File.ReadAllText(files.Verified)) : null;

        if (received == approved)
        {
            Discard(files);
            return;
        }

        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1")
        {
            File.WriteAllText(files.Verified, received);
            Discard(files);
            return;
        }

        File.WriteAllText(files.Received, received);
        if (!BuildServerDetector.Detected) DiffRunner.Launch(files.Received, files.Verified);
        throw new SnapshotException(approved is null
            ? $"Nothing is approved yet. Received: {files.Received}\nTo approve it, rename it to {Path.GetFileName(files.Verified)} or run again with {AcceptVariable}=1."
            : $"{Path.GetFileName(files.Verified)} differs from what was received.\n{explain(approved, received)}\nReceived: {files.Received}\nTo approve it, run again with {AcceptVariable}=1.");
    }

    static void Discard(SnapshotFiles files)
    {
        if (!File.Exists(files.Received)) return;
        if (!BuildServerDetector.Detected) DiffRunner.Kill(files.Received, files.Verified);
        File.Delete(files.Received);
    }

    static string WithPlainNewlines(string text) => text.TrimStart('\uFEFF').Replace("\r\n", "\n").Replace('\r', '\n');
}
