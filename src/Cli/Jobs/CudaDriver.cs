using System.Runtime.InteropServices;

namespace MmMamba.Cli.Jobs;

/// <summary>What CUDA's driver says of the first device; TorchSharp does not ask it.</summary>
static unsafe class CudaDriver
{
    /// <summary>The device's name; null where there is no driver or no device.</summary>
    public static string? Name
    {
        get
        {
            if (!TryLoad(out var driver)) return null;
            var initialize = (delegate* unmanaged<uint, int>)NativeLibrary.GetExport(driver, "cuInit");
            var nameOf = (delegate* unmanaged<byte*, int, int, int>)NativeLibrary.GetExport(driver, "cuDeviceGetName");
            const int longest = 256, first = 0;
            var name = stackalloc byte[longest];
            return initialize(0) == 0 && nameOf(name, longest, first) == 0 ? Marshal.PtrToStringUTF8((nint)name) : null;
        }
    }

    /// <summary>Bytes of the device that this thread computes on which are not free, whoever has them; null where it computes on none.</summary>
    public static long? TakenBytes
    {
        get
        {
            if (!TryLoad(out var driver)) return null;
            var memory = (delegate* unmanaged<nuint*, nuint*, int>)NativeLibrary.GetExport(driver, "cuMemGetInfo_v2");
            nuint free, total;
            return memory(&free, &total) == 0 ? (long)(total - free) : null;
        }
    }

    static bool TryLoad(out nint driver) => NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1", out driver);
}
