using System.Collections.Concurrent;
using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>
/// Kernels of our own for passes over many tokens, prompts and training: compiled for a device when they are first asked for, and kept as long as the process. Where they
/// can't run, or have not passed their tests on a GPU yet, the caller computes by plain operations. Those who ask for the same ones are given the same object.
/// </summary>
sealed class PassKernels
{
    static readonly ConcurrentDictionary<string, PassKernels> All = new();

    readonly string _name;
    readonly IReadOnlyList<KernelSource> _sources;
    readonly IReadOnlyDictionary<string, string> _constants;
    readonly ConcurrentDictionary<IKernelDevice, IKernelModule?> _modules = new();

    readonly bool _passed;

    PassKernels(string name, IReadOnlyList<KernelSource> sources, IReadOnlyDictionary<string, string> constants)
    {
        (_name, _sources, _constants) = (name, sources, constants);
        _passed = sources.All(source => source.HasPassed);
    }

    /// <summary>Why kernels did not compile, of the first that did not; null where all did.</summary>
    public static string? Failure { get; private set; }

    /// <param name="name">How messages call them.</param>
    /// <param name="sources">Their files, one behind the other.</param>
    /// <param name="constants">Macros by name.</param>
    public static PassKernels Of(string name, IReadOnlyList<KernelSource> sources, IReadOnlyDictionary<string, string> constants)
    {
        var key = string.Join('\n', [name, .. sources.Select(source => source.Name), .. constants.OrderBy(constant => constant.Key, StringComparer.Ordinal).Select(constant => $"{constant.Key}={constant.Value}")]);
        return All.GetOrAdd(key, _ => new(name, sources, constants));
    }

    /// <summary>The kernels where a tensor lies; null where they can't run there, the GPU is older than an architecture or its multiprocessors too small, or they are unproven.</summary>
    /// <param name="device">The tensor's device.</param>
    /// <param name="sharedBytes">Shared memory that a block of theirs asks for at most, with what they declare.</param>
    /// <param name="capability">10 * major + minor of the oldest architecture that will do: 80 has matrix products of bfloat16 and copies that run on their own.</param>
    public IKernelModule? On(Device device, int sharedBytes = 0, int capability = 80)
    {
        if (KernelDevice.Of(device, out _) is not { } kernels || kernels.Capability < capability || kernels.MostShared < sharedBytes) return null;
        if (!kernels.RunsUnproven && !_passed) return null;
        return _modules.GetOrAdd(kernels, Load);
    }

    IKernelModule? Load(IKernelDevice device)
    {
        try
        {
            return new Watched(device.Load(_name, _sources, _constants));
        }
        catch (InvalidOperationException error)
        {
            var why = error.Message.ReplaceLineEndings(" ");
            Failure ??= why;
            GpuKernels.Tell(why);
            return null;
        }
    }

    // Tells who watches a pass of each launch. A kernel reads or writes once what it is given.
    sealed class Watched(IKernelModule module) : IKernelModule
    {
        public void Launch(nint stream, string kernel, (int X, int Y) grid, int threads, int sharedBytes, params ReadOnlySpan<KernelArgument> arguments)
        {
            if (Work.IsWatched) Work.Begin(kernel, 0, BytesOf(arguments));
            module.Launch(stream, kernel, grid, threads, sharedBytes, arguments);
            Work.End();
        }

        public void Dispose() => module.Dispose();

        static long BytesOf(ReadOnlySpan<KernelArgument> arguments)
        {
            var bytes = 0L;
            foreach (var argument in arguments)
                if (argument.Tensor is { } tensor) bytes += tensor.numel() * tensor.element_size();
            return bytes;
        }
    }
}
