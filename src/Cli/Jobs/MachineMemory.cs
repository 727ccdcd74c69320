using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;

namespace MmMamba.Cli.Jobs;

/// <summary>Memory as the system and the driver count it, not as a program believes.</summary>
static partial class MachineMemory
{
    /// <summary>
    /// Bytes that this process holds or held at most on a device: its resident set's peak on the CPU; on a GPU what is not free there, which libtorch's
    /// allocator keeps once it has had it. Null where it cannot be told.
    /// </summary>
    public static long? PeakBytes(torch.Device device)
    {
        if (device.type != DeviceType.CUDA) return ResidentPeak();
        torch.cuda.synchronize();
        return cuMemGetInfo(out var free, out var total) == 0 ? (long)(total - free) : null;
    }

    static long? ResidentPeak()
    {
        if (!File.Exists("/proc/self/status")) return null;
        var line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return line is null ? null : 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    // The driver itself is there wherever a CUDA libtorch has found a device.
    [LibraryImport("libcuda.so.1", EntryPoint = "cuMemGetInfo_v2")]
    private static partial int cuMemGetInfo(out nuint free, out nuint total);
}
