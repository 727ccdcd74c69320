using MmMamba.Runtime.Kernels.Cuda;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>Counts the kernels that run on a device.</summary>
sealed class CountedDevice(IKernelDevice device) : IKernelDevice
{
    static readonly string[] Pointwise = ["add_norm", "swiglu", "place_heads", "merge"];

    readonly SortedDictionary<string, int> _launches = new(StringComparer.Ordinal);

    /// <summary>A device's own kernels, or the emulator's where a seed is given, counted.</summary>
    public static CountedDevice Of(Device device, ulong? emulated) =>
        new(emulated is { } seed ? Emulation.EmulatedDevice.Here(seed) : KernelDevice.Of(device, out var reason) ?? throw new InvalidOperationException(reason));

    public int Multiprocessors => device.Multiprocessors;

    public int MostShared => device.MostShared;

    public int Capability => device.Capability;

    /// <summary>Launches of pointwise work since the last call, kernel by kernel, such as <c>2 add_norm, 1 swiglu</c>; those of a Mamba-2 mixer are its own business.</summary>
    public string Launched()
    {
        lock (_launches)
        {
            var told = string.Join(", ", _launches.Where(launch => Pointwise.Any(kernel => launch.Key.StartsWith(kernel, StringComparison.Ordinal))).Select(launch => $"{launch.Value} {launch.Key}"));
            _launches.Clear();
            return told;
        }
    }

    public IKernelModule Load(string name, IEnumerable<KernelSource> sources, IReadOnlyDictionary<string, string> constants) => new Module(this, device.Load(name, sources, constants));

    public ICapturedLaunches Capture(Tensor input, Tensor output, Action<nint> launches) => device.Capture(input, output, launches);

    sealed class Module(CountedDevice owner, IKernelModule module) : IKernelModule
    {
        public void Launch(nint stream, string kernel, (int X, int Y) grid, int threads, int sharedBytes, params ReadOnlySpan<KernelArgument> arguments)
        {
            lock (owner._launches) owner._launches[kernel] = owner._launches.GetValueOrDefault(kernel) + 1;
            module.Launch(stream, kernel, grid, threads, sharedBytes, arguments);
        }

        public void Dispose() => module.Dispose();
    }
}
