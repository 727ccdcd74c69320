using System.Runtime.InteropServices;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>
/// Writes a file whole or not at all: a temporary file beside the target, flushed to the disk, then renamed over it, then the folder
/// flushed, so that the name lasts as well. Whatever fails, the old file stands and the temporary one is gone.
/// </summary>
public static partial class AtomicFile
{
    /// <summary>Writes a file through a stream; folders above it are made.</summary>
    /// <param name="path">The target; if it is a link, what it points at is replaced.</param>
    /// <param name="write">Writes the content. What it throws leaves the target untouched and is thrown on.</param>
    /// <param name="size">Bytes that will be written, if known: a full disk is then found before the first.</param>
    /// <exception cref="InputException">The file cannot be written there.</exception>
    public static void Write(string path, Action<Stream> write, long size = 0)
    {
        string? temporary = null;
        try
        {
            var target = Path.GetFullPath(new FileInfo(path) is { LinkTarget: not null } link ? link.ResolveLinkTarget(returnFinalTarget: true)!.FullName : path);
            if (Directory.Exists(target)) throw new InputException($"{path}: cannot be written: it is a folder");
            var folder = Path.GetDirectoryName(target)!;
            MakeFolder(folder);
            var name = Path.Combine(folder, $".{Path.GetFileName(target)}.{Guid.NewGuid():N}.tmp");
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 1 << 20, PreallocationSize = size };
            using (var stream = new FileStream(name, options))
            {
                temporary = name;
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, target, overwrite: true);
            temporary = null;
            FlushFolder(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException { ParamName: "path" })
        {
            throw new InputException($"{path}: cannot be written: {e.Message}", e);
        }
        finally
        {
            if (temporary is not null) File.Delete(temporary);
        }
    }

    /// <summary>Writes a file of these bytes.</summary>
    /// <inheritdoc cref="Write(string, Action{Stream}, long)"/>
    public static void Write(string path, ReadOnlyMemory<byte> bytes) => Write(path, stream => stream.Write(bytes.Span), bytes.Length);

    /// <summary>Makes a folder and those above it that are missing; their names are on the disk then.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public static void MakeFolder(string folder)
    {
        if (Directory.Exists(folder)) return;
        var parent = Path.GetDirectoryName(Path.GetFullPath(folder));
        if (parent is not null) MakeFolder(parent);
        Directory.CreateDirectory(folder);
        if (parent is not null) FlushFolder(parent);
    }

    /// <summary>Flushes a folder to the disk: names that were given or renamed in it last. Where a file system cannot, nothing happens.</summary>
    /// <exception cref="IOException">The folder cannot be opened, or the disk fails.</exception>
    // A rename lives in the folder's own data, which .NET has no way to flush. A file system that cannot flush a folder says so
    // (EINVAL); the files' content is on the disk either way.
    public static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        const int readOnly = 0, invalid = 22;
        var descriptor = Open(folder, readOnly);
        if (descriptor < 0) throw new IOException($"the folder cannot be opened to flush it (error {Marshal.GetLastPInvokeError()})");
        var failed = Flush(descriptor) != 0 && Marshal.GetLastPInvokeError() != invalid;
        var error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (failed) throw new IOException($"the folder cannot be flushed to the disk (error {error})");
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
