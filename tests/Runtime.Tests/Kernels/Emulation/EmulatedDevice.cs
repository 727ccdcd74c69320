using System.Runtime.InteropServices;
using MmMamba.Runtime.Kernels.Cuda;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels.Emulation;

/// <summary>
/// Runs the product's kernels on the CPU, over tensors in main memory: compiled by g++, a block's threads as fibers (block.h). It gives a kernel the arguments
/// that a GPU is given, and fails where it does what a GPU must not be asked for.
/// </summary>
/// <param name="seed">Draws the order in which blocks, warps and lanes take turns.</param>
sealed class EmulatedDevice(ulong seed = 0) : IKernelDevice
{
    const int Recording = 1;

    List<Action>? _recorded;

    /// <summary>An emulated device; the test is skipped where there is none.</summary>
    public static EmulatedDevice Here(ulong seed = 0)
    {
        Assert.SkipUnless(EmulatedModule.Compiler is not null, "there is no g++ here, which compiles kernels for the CPU");
        Assert.SkipUnless(OperatingSystem.IsLinux(), "kernels are compiled for the CPU on Linux alone");
        return new(seed);
    }

    /// <summary>Few, so that a block has several rounds to do.</summary>
    public int Multiprocessors => 3;

    /// <summary>Kernels may ask for all that the emulator knows.</summary>
    public int Capability => 90;

    public int MostShared => 227 * 1024;

    public bool RunsUnproven => true;

    public IKernelModule Load(string name, IEnumerable<KernelSource> sources, IReadOnlyDictionary<string, string> constants) =>
        new EmulatedModule(this, [.. sources], constants);

    public ICapturedLaunches Capture(Tensor input, Tensor output, Action<nint> launches)
    {
        _recorded = [];
        try
        {
            launches(Recording);
            return new Captured(input, output, [.. _recorded]);
        }
        finally
        {
            _recorded = null;
        }
    }

    /// <summary>Runs a launch, or records it.</summary>
    public void Submit(nint stream, Action<ulong> launch)
    {
        if (stream == 0) launch(seed);
        else (_recorded ?? throw new InvalidOperationException("A launch on a stream that records no more.")).Add(() => launch(seed));
    }

    sealed class Captured(Tensor input, Tensor output, IReadOnlyList<Action> launches) : ICapturedLaunches
    {
        public void Run(ReadOnlySpan<long> given, Span<long> result)
        {
            given.CopyTo(MemoryMarshal.Cast<byte, long>(input.bytes));
            foreach (var launch in launches) launch();
            MemoryMarshal.Cast<byte, long>(output.bytes)[..result.Length].CopyTo(result);
        }

        public void Dispose()
        {
        }
    }
}
