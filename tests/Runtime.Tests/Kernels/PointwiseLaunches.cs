using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Tests.Kernels.Emulation;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>Which kernels of pointwise work ran; those of a Mamba-2 mixer are its own tests' business.</summary>
static class PointwiseLaunches
{
    static readonly string[] Kernels = ["add_norm", "swiglu", "place_heads", "merge"];

    /// <summary>A device's own kernels, or the emulator's where a seed is given, written down.</summary>
    public static RecordedDevice Record(Device device, ulong? emulated) =>
        new(emulated is { } seed ? EmulatedDevice.Here(seed) : KernelDevice.Of(device, out var reason) ?? throw new InvalidOperationException(reason));

    /// <summary>What was launched since the last call, such as <c>2 add_norm, 1 swiglu</c>.</summary>
    public static string Told(this RecordedDevice device)
    {
        var told = device.Launched.Where(name => Kernels.Any(kernel => name.StartsWith(kernel, StringComparison.Ordinal))).GroupBy(name => name).OrderBy(same => same.Key, StringComparer.Ordinal);
        var text = string.Join(", ", told.Select(same => $"{same.Count()} {same.Key}"));
        device.Clear();
        return text;
    }
}
