using MmMamba.Runtime.Kernels.Cuda;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels.Emulation;

/// <summary>Another device that counts the launches of its kernels.</summary>
sealed class CountedLaunches(IKernelDevice device) : IKernelDevice
{
    readonly List<string> _kernels = [];

    /// <summary>The kernels that were launched, in order.</summary>
    public IReadOnlyList<string> Kernels => _kernels;

    /// <summary>Forgets them.</summary>
    public void Clear() => _kernels.Clear();

    public int Multiprocessors => device.Multiprocessors;

    public int Capability => device.Capability;

    public IKernelModule Load(string name, IEnumerable<KernelSource> sources, IReadOnlyDictionary<string, string> constants) => new Module(device.Load(name, sources, constants), _kernels);

    public ICapturedLaunches Capture(Tensor input, Tensor output, Action<nint> launches) => device.Capture(input, output, launches);

    sealed class Module(IKernelModule module, List<string> kernels) : IKernelModule
    {
        public void Launch(nint stream, string kernel, (int X, int Y) grid, int threads, int sharedBytes, params ReadOnlySpan<KernelArgument> arguments)
        {
            module.Launch(stream, kernel, grid, threads, sharedBytes, arguments);
            kernels.Add(kernel);
        }

        public void Dispose() => module.Dispose();
    }
}
