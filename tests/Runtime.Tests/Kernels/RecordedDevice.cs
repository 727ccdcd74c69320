using MmMamba.Runtime.Kernels.Cuda;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>A device that writes down which kernels it is asked to run.</summary>
/// <param name="device">Runs them.</param>
/// <param name="capability">What it says of its architecture; null is the device's own.</param>
/// <param name="runsUnproven">Whether it says that it runs kernels that have not passed; null is the device's own.</param>
/// <param name="mostShared">What it says that a block may ask for; null is the device's own.</param>
/// <param name="multiprocessors">How many it says that it has; null is the device's own.</param>
/// <param name="failing">A kernel whose launch fails.</param>
sealed class RecordedDevice(IKernelDevice device, int? capability = null, int? multiprocessors = null, bool? runsUnproven = null, int? mostShared = null, string? failing = null) : IKernelDevice
{
    readonly List<string> _launched = [];

    /// <summary>Names of the kernels that were launched, in their order.</summary>
    public IReadOnlyList<string> Launched => _launched;

    /// <summary>Forgets them.</summary>
    public void Clear() => _launched.Clear();

    public int Multiprocessors => multiprocessors ?? device.Multiprocessors;

    public int MostShared => mostShared ?? device.MostShared;

    public bool RunsUnproven => runsUnproven ?? device.RunsUnproven;

    public int Capability => capability ?? device.Capability;

    public IKernelModule Load(string name, IEnumerable<KernelSource> sources, IReadOnlyDictionary<string, string> constants) => new Module(device.Load(name, sources, constants), _launched, failing);

    public ICapturedLaunches Capture(Tensor input, Tensor output, Action<nint> launches) => device.Capture(input, output, launches);

    sealed class Module(IKernelModule module, List<string> launched, string? failing) : IKernelModule
    {
        public void Launch(nint stream, string kernel, (int X, int Y) grid, int threads, int sharedBytes, params ReadOnlySpan<KernelArgument> arguments)
        {
            if (kernel == failing) throw new InvalidOperationException($"{kernel} fails.");
            launched.Add(kernel);
            module.Launch(stream, kernel, grid, threads, sharedBytes, arguments);
        }

        public void Dispose() => module.Dispose();
    }
}
