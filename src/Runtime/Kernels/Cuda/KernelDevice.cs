using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>What runs kernels of our own: a GPU, or what stands in for one.</summary>
interface IKernelDevice
{
    /// <summary>How many blocks can run side by side, each with a multiprocessor of its own.</summary>
    int Multiprocessors { get; }

    /// <summary>10 * major + minor of the architecture.</summary>
    int Capability { get; }

    /// <summary>Bytes of shared memory that a block may ask for.</summary>
    int MostShared { get; }

    /// <summary>Whether kernels run there that have not passed their tests on a GPU.</summary>
    bool RunsUnproven { get; }

    /// <summary>Kernels, compiled with some constants.</summary>
    /// <param name="name">How messages call them.</param>
    /// <param name="sources">Their files, one behind the other.</param>
    /// <param name="constants">Macros by name.</param>
    /// <exception cref="InvalidOperationException">They don't compile.</exception>
    IKernelModule Load(string name, IEnumerable<KernelSource> sources, IReadOnlyDictionary<string, string> constants);

    /// <summary>Launches that are recorded now, and run again and again.</summary>
    /// <param name="input">Numbers that each run is given, int64.</param>
    /// <param name="output">Numbers that each run gives back, int64.</param>
    /// <param name="launches">Launches on the stream that it is given; they are recorded and not run.</param>
    ICapturedLaunches Capture(Tensor input, Tensor output, Action<nint> launches);
}

/// <summary>Compiled kernels.</summary>
interface IKernelModule : IDisposable
{
    /// <summary>Launches a kernel; one that is launched behind another on the same stream may begin before that one has ended, and waits for it.</summary>
    /// <param name="stream">On which; 0 is libtorch's.</param>
    /// <param name="kernel">Its name.</param>
    /// <param name="grid">Blocks, in two dimensions.</param>
    /// <param name="threads">Threads of a block.</param>
    /// <param name="sharedBytes">Shared memory beside what the kernel declares.</param>
    /// <param name="arguments">What the kernel is given.</param>
    void Launch(nint stream, string kernel, (int X, int Y) grid, int threads, int sharedBytes, params ReadOnlySpan<KernelArgument> arguments);
}

/// <summary>Recorded launches.</summary>
interface ICapturedLaunches : IDisposable
{
    /// <summary>Writes the input, runs the launches once more, waits for them, and reads the output.</summary>
    void Run(ReadOnlySpan<long> input, Span<long> output);
}

/// <summary>Where kernels of our own can run.</summary>
static class KernelDevice
{
    [ThreadStatic] static IKernelDevice? _standIn;
    static Tuple<CudaDevice?, string?>? _cuda;

    /// <summary>What runs kernels over a device's tensors; null with the reason where nothing does.</summary>
    public static IKernelDevice? Of(Device device, out string? reason)
    {
        reason = null;
        if (_standIn is not null) return _standIn;
        if (device.type == DeviceType.CUDA)
        {
            // One GPU for all of a process: what is known of it stays.
            (var cuda, reason) = _cuda ??= Tuple.Create(CudaDevice.Current(out var why), why);
            return cuda;
        }
        reason = "the model is not on a GPU";
        return null;
    }

    /// <summary>Lets another device run this thread's kernels, over tensors in main memory, until the result is disposed.</summary>
    public static IDisposable StandIn(IKernelDevice device)
    {
        _standIn = device;
        return new Standing();
    }

    sealed class Standing : IDisposable
    {
        public void Dispose() => _standIn = null;
    }
}
