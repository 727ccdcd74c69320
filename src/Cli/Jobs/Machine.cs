using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using MmMamba.Runtime.Native;
using TorchSharp;

namespace MmMamba.Cli.Jobs;

/// <summary>The machine that a job runs on, and the versions that it runs on there.</summary>
static class Machine
{
    /// <summary>Processor, memory and system; the graphics processor where one computes.</summary>
    public static IReadOnlyDictionary<string, string> Describe(torch.Device device)
    {
        var told = new Dictionary<string, string>
        {
            ["processor"] = string.Create(CultureInfo.InvariantCulture, $"{Processor}, {Environment.ProcessorCount} cores"),
            ["memory"] = Gigabytes(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes),
            ["system"] = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}",
        };
        if (device.type == DeviceType.CUDA) told["graphics"] = CudaDriver.Name ?? "unknown";
        return told;
    }

    /// <summary>This tool's version with the commit that it was built from, and those of what it runs on.</summary>
    public static IReadOnlyDictionary<string, string> Versions
    {
        get
        {
            var libtorch = Libtorch.Ensure();
            return new Dictionary<string, string>
            {
                ["mmmamba"] = VersionOf(typeof(Machine).Assembly),
                [".NET"] = RuntimeInformation.FrameworkDescription,
                ["TorchSharp"] = VersionOf(typeof(torch).Assembly),
                ["libtorch"] = $"{libtorch.Version}{(libtorch.HasCuda ? " with CUDA" : "")}",
            };
        }
    }

    /// <summary>The most memory that this process has had resident, mapped files counted; bytes.</summary>
    public static long PeakBytes
    {
        get
        {
            using var process = Process.GetCurrentProcess();
            return process.PeakWorkingSet64;
        }
    }

    /// <summary>
    /// The most memory that a job has taken on a device so far, in bytes; null where nobody tells. On a GPU it is what the driver counts as taken: libtorch's
    /// allocator keeps what it once had.
    /// </summary>
    public static long? PeakBytesOn(torch.Device device)
    {
        if (device.type != DeviceType.CUDA) return PeakBytes;
        torch.cuda.synchronize();
        return CudaDriver.TakenBytes;
    }

    /// <summary>The memory that a job takes now: what this process has resident; on a GPU what the driver counts as taken. Null where nobody tells.</summary>
    public static long? BytesOn(torch.Device device) => device.type == DeviceType.CUDA ? CudaDriver.TakenBytes : Environment.WorkingSet;

    /// <summary>Peaks of memory as cards show them: the processor's, and the GPU's where one computes.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Peaks(torch.Device device)
    {
        yield return new("peak memory", Gigabytes(PeakBytes));
        if (device.type == DeviceType.CUDA && PeakBytesOn(device) is { } taken) yield return new("peak GPU memory", Gigabytes(taken));
    }

    /// <summary>Bytes in decimal units, as disks and checkpoints are measured.</summary>
    public static string Gigabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB");

    static string Processor
    {
        get
        {
            const string label = "model name", cpuInfo = "/proc/cpuinfo";
            var line = OperatingSystem.IsLinux() && File.Exists(cpuInfo) ? File.ReadLines(cpuInfo).FirstOrDefault(line => line.StartsWith(label, StringComparison.Ordinal)) : null;
            return line?[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
                ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER")
                ?? RuntimeInformation.ProcessArchitecture.ToString();
        }
    }

    static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? assembly.GetName().Version?.ToString() ?? "unknown";
}
