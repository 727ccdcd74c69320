using MmMamba.Runtime.Native;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>
/// A stream of our own and the launches that were captured on it, to be repeated as one. The stream waits for libtorch's work and libtorch's for it: both keep to
/// the legacy default stream's order.
/// </summary>
sealed unsafe class CapturedGraph : ICapturedLaunches
{
    readonly CudaDevice _device;
    readonly Tensor _input, _output;
    readonly nint _stream, _executable, _shared;

    /// <param name="device">Where they run.</param>
    /// <param name="input">Numbers that each run is given, int64.</param>
    /// <param name="output">Numbers that each run gives back, int64.</param>
    /// <param name="launches">Launches on the stream that it is given; they are recorded and not run.</param>
    public CapturedGraph(CudaDevice device, Tensor input, Tensor output, Action<nint> launches)
    {
        (_device, _input, _output) = (device, input, output);
        CudaDriver.Check(CudaDriver.cuStreamCreate(out _stream, 0), "cuStreamCreate");
        try
        {
            CudaDriver.Check(CudaDriver.cuMemAllocHost_v2(out _shared, (nuint)(sizeof(long) * (input.numel() + output.numel()))), "cuMemAllocHost");
            var graph = Captured(launches);
            try
            {
                CudaDriver.Check(CudaDriver.cuGraphInstantiateWithFlags(out _executable, graph, 0), "cuGraphInstantiate");
            }
            finally
            {
                _ = CudaDriver.cuGraphDestroy(graph);
            }
        }
        catch
        {
            Free();
            throw;
        }
    }

    nint Captured(Action<nint> launches)
    {
        const int ofThisThread = 1;
        CudaDriver.Check(CudaDriver.cuStreamBeginCapture_v2(_stream, ofThisThread), "cuStreamBeginCapture");
        try
        {
            launches(_stream);
        }
        catch
        {
            // An unfinished capture would stay.
            if (CudaDriver.cuStreamEndCapture(_stream, out var unfinished) == 0) _ = CudaDriver.cuGraphDestroy(unfinished);
            throw;
        }
        CudaDriver.Check(CudaDriver.cuStreamEndCapture(_stream, out var graph), "cuStreamEndCapture");
        return graph;
    }

    /// <inheritdoc/>
    public void Run(ReadOnlySpan<long> input, Span<long> output)
    {
        CudaDriver.Check(CudaDriver.cuCtxSetCurrent(_device.Context), "cuCtxSetCurrent");
        input.CopyTo(new Span<long>((void*)_shared, input.Length));
        var after = _shared + sizeof(long) * input.Length;
        CudaDriver.Check(CudaDriver.cuMemcpyHtoDAsync_v2(StableAbi.Address(_input), _shared, (nuint)(sizeof(long) * input.Length), _stream), "cuMemcpyHtoDAsync");
        CudaDriver.Check(CudaDriver.cuGraphLaunch(_executable, _stream), "cuGraphLaunch");
        CudaDriver.Check(CudaDriver.cuMemcpyDtoHAsync_v2(after, StableAbi.Address(_output), (nuint)(sizeof(long) * output.Length), _stream), "cuMemcpyDtoHAsync");
        CudaDriver.Check(CudaDriver.cuStreamSynchronize(_stream), "cuStreamSynchronize");
        new ReadOnlySpan<long>((void*)after, output.Length).CopyTo(output);
    }

    /// <summary>Frees launches and stream.</summary>
    public void Dispose()
    {
        CudaDriver.Check(CudaDriver.cuCtxSetCurrent(_device.Context), "cuCtxSetCurrent");
        _ = CudaDriver.cuStreamSynchronize(_stream);
        Free();
    }

    void Free()
    {
        if (_executable != 0) _ = CudaDriver.cuGraphExecDestroy(_executable);
        _ = CudaDriver.cuStreamDestroy_v2(_stream);
        if (_shared != 0) _ = CudaDriver.cuMemFreeHost(_shared);
    }
}
