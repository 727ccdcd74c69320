using System.Runtime.InteropServices;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>
/// A check before a file is opened: to open a pipe waits for its other end, and a device never ends. .NET does not tell them from files, so Linux is
/// asked; elsewhere nothing is checked.
/// </summary>
public static partial class RegularFile
{
    /// <summary>Refuses what is there and neither a file nor a folder, at once. What is not there is left to whoever opens it.</summary>
    /// <exception cref="InputException">A pipe, a device or a socket.</exception>
    public static void Require(string path)
    {
        if (Special(path) is { } kind) throw new InputException($"{path}: cannot be read: it is a {kind}; expected a regular file");
    }

    static unsafe string? Special(string path)
    {
        // struct statx of linux/stat.h: the same on every processor. The mode is asked for, and stands at byte 28.
        const int here = -100, modeOffset = 28, typeMask = 0xF000;
        const uint type = 1;
        if (!OperatingSystem.IsLinux()) return null;
        var status = stackalloc byte[256];
        if (Status(here, path, 0, type, status) != 0) return null;
        return (*(ushort*)(status + modeOffset) & typeMask) switch
        {
            0x1000 => "pipe",
            0x2000 or 0x6000 => "device",
            0xC000 => "socket",
            _ => null,
        };
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Status(int folder, string path, int flags, uint mask, byte* status);
}
