using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using MmMamba.Runtime.Native;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>Kernels, compiled for a device with some constants.</summary>
sealed unsafe class CudaModule : IKernelModule
{
    readonly CudaDevice _device;
    readonly nint _module;
    // A thread that goes back through a graph launches too.
    readonly ConcurrentDictionary<string, nint> _functions = [];

    /// <param name="device">Where they will run.</param>
    /// <param name="name">How messages call them.</param>
    /// <param name="sources">Their files, one behind the other.</param>
    /// <param name="constants">Macros by name.</param>
    public CudaModule(CudaDevice device, string name, IEnumerable<KernelSource> sources, IReadOnlyDictionary<string, string> constants)
    {
        _device = device;
        var text = string.Concat(sources.Select(source => source.Text));
        string[] options = [FormattableString.Invariant($"--gpu-architecture=sm_{device.Capability}"), "--std=c++17", .. constants.Select(constant => $"-D{constant.Key}={constant.Value}")];
        string[] versions = [FormattableString.Invariant($"NVRTC {Nvrtc.Version}"), FormattableString.Invariant($"driver {device.DriverVersion}")];
        var image = CubinCache.OfUser.Get([text, .. options, .. versions], () => Nvrtc.Compile(name, text, options));
        fixed (byte* first = image) CudaDriver.Check(CudaDriver.cuModuleLoadData(out _module, first), "cuModuleLoadData");
    }

    /// <inheritdoc/>
    public void Launch(nint stream, string kernel, (int X, int Y) grid, int threads, int sharedBytes, params ReadOnlySpan<KernelArgument> arguments)
    {
        // The thread that goes back through libtorch's graph may be one on which nothing has computed yet.
        CudaDriver.Check(CudaDriver.cuCtxSetCurrent(_device.Context), "cuCtxSetCurrent");
        var attribute = new CudaDriver.LaunchAttribute { Id = CudaDriver.ProgrammaticStreamSerialization, Value = 1 };
        var configuration = new CudaDriver.LaunchConfiguration
        {
            GridX = (uint)grid.X, GridY = (uint)grid.Y, GridZ = 1, BlockX = (uint)threads, BlockY = 1, BlockZ = 1,
            SharedBytes = (uint)sharedBytes, Stream = stream, Attributes = &attribute, AttributeCount = _device.Capability >= 90 ? 1u : 0,
        };
        // No argument is larger than this, and none needs more than 16 bytes' alignment.
        const int place = 64;
        var values = stackalloc byte[place * arguments.Length];
        var pointers = stackalloc void*[arguments.Length];
        for (var i = 0; i < arguments.Length; i++)
        {
            arguments[i].Bytes.CopyTo(new Span<byte>(values + place * i, place));
            pointers[i] = values + place * i;
        }
        var function = Function(kernel);
        // With what a kernel declares, more than 48 KB in all has to be asked for.
        if (sharedBytes > 0) CudaDriver.Check(CudaDriver.cuFuncSetAttribute(function, CudaDriver.MostDynamicShared, sharedBytes), "cuFuncSetAttribute");
        CudaDriver.Check(CudaDriver.cuLaunchKernelEx(&configuration, function, pointers, null), kernel);
    }

    nint Function(string kernel)
    {
        if (_functions.TryGetValue(kernel, out var function)) return function;
        fixed (byte* name = Encoding.UTF8.GetBytes(kernel + "\0")) CudaDriver.Check(CudaDriver.cuModuleGetFunction(out function, _module, name), kernel);
        return _functions[kernel] = function;
    }

    /// <summary>Unloads the kernels.</summary>
    public void Dispose() => CudaDriver.Check(CudaDriver.cuModuleUnload(_module), "cuModuleUnload");
}

/// <summary>What a kernel is given: a tensor's memory, or a value.</summary>
readonly struct KernelArgument
{
    readonly byte[] _bytes;

    KernelArgument(byte[] bytes, TorchSharp.torch.Tensor? tensor = null) => (_bytes, Tensor) = (bytes, tensor);

    /// <summary>The value as it lies in memory.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The tensor whose memory is given; null where a value is.</summary>
    public TorchSharp.torch.Tensor? Tensor { get; }

    /// <summary>A value of a type without references, laid out as in C.</summary>
    public static KernelArgument Of<T>(T value) where T : unmanaged => new(Laid(value));

    public static implicit operator KernelArgument(int value) => Of(value);
    public static implicit operator KernelArgument(long value) => Of(value);
    public static implicit operator KernelArgument(float value) => Of(value);

    /// <summary>The first element's address; the tensor has to live until the kernel has run. Null where there is no tensor.</summary>
    public static implicit operator KernelArgument(TorchSharp.torch.Tensor? tensor) => new(Laid(tensor is null ? 0 : StableAbi.Address(tensor)), tensor);

    static byte[] Laid<T>(T value) where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();
}
