using System.Diagnostics;
using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>Marks between what runs on a device: a GPU notes by itself when it comes to each of those on libtorch's stream, elsewhere calls have ended when they return.</summary>
/// <param name="device">Where it runs.</param>
sealed class DeviceClock(Device device) : IDisposable
{
    readonly List<nint> _marks = [];
    readonly List<long> _times = [];

    /// <summary>A mark behind what was launched so far.</summary>
    public void Mark()
    {
        if (device.type != DeviceType.CUDA)
        {
            _times.Add(Stopwatch.GetTimestamp());
            return;
        }
        CudaDriver.Check(CudaDriver.cuEventCreate(out var mark, 0), "cuEventCreate");
        _marks.Add(mark);
        CudaDriver.Check(CudaDriver.cuEventRecord(mark, 0), "cuEventRecord");
    }

    /// <summary>Milliseconds from each mark to the next one, once the device has come to the last.</summary>
    public IReadOnlyList<double> Milliseconds()
    {
        if (_marks.Count > 0) CudaDriver.Check(CudaDriver.cuEventSynchronize(_marks[^1]), "cuEventSynchronize");
        return
        [
            .. _times.Zip(_times.Skip(1), (from, to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds),
            .. _marks.Zip(_marks.Skip(1), (from, to) =>
            {
                CudaDriver.Check(CudaDriver.cuEventElapsedTime(out var milliseconds, from, to), "cuEventElapsedTime");
                return (double)milliseconds;
            }),
        ];
    }

    /// <summary>Forgets the marks.</summary>
    public void Dispose()
    {
        foreach (var mark in _marks) CudaDriver.Check(CudaDriver.cuEventDestroy_v2(mark), "cuEventDestroy");
        _marks.Clear();
        _times.Clear();
    }
}
