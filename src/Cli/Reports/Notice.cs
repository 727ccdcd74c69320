using System.Collections.Concurrent;
using MmMamba.Runtime.Native;
using TorchSharp;

namespace MmMamba.Cli.Reports;

/// <summary>What a user may want to know and need not act on: a line to the standard error stream, said once a process.</summary>
static class Notice
{
    static readonly ConcurrentDictionary<string, bool> Said = [];

    /// <summary>Says that plain operations do what kernels of our own would do on a device, now or when that shows; nothing where they do it, or where no GPU was asked for.</summary>
    /// <param name="device">Where the job computes.</param>
    public static void OfKernels(torch.Device device)
    {
        if (device.type != DeviceType.CUDA) return;
        if (GpuKernels.Missing is { } reason) Say(Console.Error, $"plain operations take the place of this tool's own kernels: {reason}");
        GpuKernels.Failed += why => Say(Console.Error, $"plain operations take the place of some of this tool's own kernels: {why}");
    }

    /// <summary>Says why single tokens were not read by a captured graph; nothing where they were, where none was read, or where no GPU was asked for.</summary>
    /// <param name="to">The standard error stream.</param>
    /// <param name="device">Where the model computes.</param>
    /// <param name="decodePath">What read single tokens, as the sequences say it.</param>
    public static void OfDecoding(TextWriter to, DeviceType device, string? decodePath)
    {
        if (device == DeviceType.CUDA && decodePath?.StartsWith("plain operations", StringComparison.Ordinal) == true) Say(to, $"single tokens are read by {decodePath}");
    }

    static void Say(TextWriter to, string text)
    {
        if (Said.TryAdd(text, true)) to.WriteLine(Printable.Line($"mmmamba: {text}"));
    }
}
