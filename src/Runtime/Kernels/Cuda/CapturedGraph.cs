using MmMamba.Runtime.Native;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>
/// A stream of our own and the launches that were captured on it, to be repeated as one. The stream waits for libtorch's work and libtorch's for it: both keep to
/// the legacy default stream's order.
/// </summary>
sealed class CapturedGraph : IDisposable
{
    readonly nint _executable;

    /// <param name="launches">Launches on the stream that it is given; they are recorded and not run.</param>
    public CapturedGraph(Action<nint> launches)
    {
        CudaDriver.Check(CudaDriver.cuStreamCreate(out var stream, 0), "cuStreamCreate");
        Stream = stream;
        const int ofThisThread = 1;
        CudaDriver.Check(CudaDriver.cuStreamBeginCapture_v2(stream, ofThisThread), "cuStreamBeginCapture");
        nint graph;
        try
        {
            launches(stream);
        }
        catch
        {
            // An unfinished capture would stay.
            _ = CudaDriver.cuStreamEndCapture(stream, out graph);
            _ = CudaDriver.cuStreamDestroy_v2(stream);
            throw;
        }
        CudaDriver.Check(CudaDriver.cuStreamEndCapture(stream, out graph), "cuStreamEndCapture");
        CudaDriver.Check(CudaDriver.cuGraphInstantiateWithFlags(out _executable, graph, 0), "cuGraphInstantiate");
        CudaDriver.Check(CudaDriver.cuGraphDestroy(graph), "cuGraphDestroy");
    }

    /// <summary>The stream.</summary>
    public nint Stream { get; }

    /// <summary>Runs the launches once more; does not wait for them.</summary>
    public void Replay() => CudaDriver.Check(CudaDriver.cuGraphLaunch(_executable, Stream), "cuGraphLaunch");

    /// <summary>Waits for all that the stream was given.</summary>
    public void Wait() => CudaDriver.Check(CudaDriver.cuStreamSynchronize(Stream), "cuStreamSynchronize");

    /// <summary>Frees launches and stream.</summary>
    public void Dispose()
    {
        _ = CudaDriver.cuStreamSynchronize(Stream);
        _ = CudaDriver.cuGraphExecDestroy(_executable);
        _ = CudaDriver.cuStreamDestroy_v2(Stream);
    }
}
