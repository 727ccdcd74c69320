using MmMamba.Runtime.Native;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>Marks between what runs on libtorch's stream; the GPU itself notes when it comes to each of them.</summary>
sealed class GpuClock : IDisposable
{
    readonly List<nint> _marks = [];

    /// <summary>A mark behind what was launched so far.</summary>
    public void Mark()
    {
        CudaDriver.Check(CudaDriver.cuEventCreate(out var mark, 0), "cuEventCreate");
        _marks.Add(mark);
        CudaDriver.Check(CudaDriver.cuEventRecord(mark, 0), "cuEventRecord");
    }

    /// <summary>Milliseconds from each mark to the next one, once the GPU has come to the last.</summary>
    public IReadOnlyList<double> Milliseconds()
    {
        if (_marks.Count > 0) CudaDriver.Check(CudaDriver.cuEventSynchronize(_marks[^1]), "cuEventSynchronize");
        return [.. _marks.Zip(_marks.Skip(1), (from, to) =>
        {
            CudaDriver.Check(CudaDriver.cuEventElapsedTime(out var milliseconds, from, to), "cuEventElapsedTime");
            return (double)milliseconds;
        })];
    }

    /// <summary>Forgets the marks.</summary>
    public void Dispose()
    {
        foreach (var mark in _marks) CudaDriver.Check(CudaDriver.cuEventDestroy_v2(mark), "cuEventDestroy");
        _marks.Clear();
    }
}
