using System.Runtime.InteropServices;

namespace MmMamba.Checkpoints.Benchmarks;

/// <summary>The system's cache of files.</summary>
static partial class FileCache
{
    /// <summary>Drops a checkpoint's files from the cache, so that they come from the disk next.</summary>
    public static void Drop(string checkpoint)
    {
        foreach (var path in Directory.Exists(checkpoint) ? Directory.GetFiles(checkpoint) : [checkpoint])
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.FlushToDisk(file);
            const int dontNeed = 4;
            if (Advise((int)file.DangerousGetHandle(), 0, 0, dontNeed) != 0) throw new IOException($"{path}: stays in the cache");
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(int file, long offset, long length, int advice);
}
