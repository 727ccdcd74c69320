using System.Diagnostics;
using MmMamba.Cli.Jobs;
using TorchSharp;

namespace MmMamba.Cli.Benchmarks;

/// <summary>
/// Memory above that of the moment when this was made. On a GPU it is what the driver counts as taken: libtorch's allocator gives nothing back, so that is also
/// the most that there was. On the CPU it is what is resident.
/// </summary>
sealed class Footprint
{
    readonly torch.Device _device;
    readonly long? _before;

    public Footprint(torch.Device device)
    {
        _device = device;
        GC.Collect();
        _before = Now();
    }

    /// <summary>Bytes more than before; null where nobody tells.</summary>
    public long? Grown() => Now() - _before;

    /// <summary>The most bytes more than before, ever; null where nobody tells.</summary>
    public long? Peaked() => Machine.PeakBytesOn(_device) - _before;

    long? Now()
    {
        if (_device.type == DeviceType.CUDA) return Machine.PeakBytesOn(_device);
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
