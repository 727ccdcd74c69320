using System.Globalization;
using System.Runtime.InteropServices;

namespace MmMamba.Runtime.Native;

/// <summary>
/// The part of CUDA's driver interface that is used here: modules, launches, a stream of our own, and what was captured on it. It comes with the driver. Every function
/// returns 0 where it succeeded.
/// </summary>
static unsafe partial class CudaDriver
{
    /// <summary>The library's name in this code; <see cref="TryLoad"/> knows the system's.</summary>
    public const string Library = "mmmamba:cuda";

    public const int MultiprocessorCount = 16, CapabilityMajor = 75, CapabilityMinor = 76, SharedOfBlock = 97;

    public const int MostDynamicShared = 8;

    /// <summary>Asks for a launch that may begin before the kernel before it has ended: that one says when.</summary>
    public const int ProgrammaticStreamSerialization = 6;

    public static bool TryLoad(out nint handle) => NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1", out handle);

    [LibraryImport(Library)] public static partial int cuDriverGetVersion(out int version);
    [LibraryImport(Library)] public static partial int cuCtxGetCurrent(out nint context);
    [LibraryImport(Library)] public static partial int cuCtxSetCurrent(nint context);
    [LibraryImport(Library)] public static partial int cuCtxGetDevice(out int device);
    [LibraryImport(Library)] public static partial int cuDeviceGetAttribute(out int value, int attribute, int device);
    [LibraryImport(Library)] public static partial int cuModuleLoadData(out nint module, byte* image);
    [LibraryImport(Library)] public static partial int cuModuleUnload(nint module);
    [LibraryImport(Library)] public static partial int cuModuleGetFunction(out nint function, nint module, byte* name);
    [LibraryImport(Library)] public static partial int cuFuncSetAttribute(nint function, int attribute, int value);
    [LibraryImport(Library)] public static partial int cuLaunchKernelEx(LaunchConfiguration* configuration, nint function, void** arguments, void** extra);
    [LibraryImport(Library)] public static partial int cuStreamCreate(out nint stream, uint flags);
    [LibraryImport(Library)] public static partial int cuStreamDestroy_v2(nint stream);
    [LibraryImport(Library)] public static partial int cuStreamSynchronize(nint stream);
    [LibraryImport(Library)] public static partial int cuStreamBeginCapture_v2(nint stream, int mode);
    [LibraryImport(Library)] public static partial int cuStreamEndCapture(nint stream, out nint graph);
    [LibraryImport(Library)] public static partial int cuGraphInstantiateWithFlags(out nint executable, nint graph, ulong flags);
    [LibraryImport(Library)] public static partial int cuGraphLaunch(nint executable, nint stream);
    [LibraryImport(Library)] public static partial int cuGraphExecDestroy(nint executable);
    [LibraryImport(Library)] public static partial int cuGraphDestroy(nint graph);
    [LibraryImport(Library)] public static partial int cuMemAllocHost_v2(out nint memory, nuint bytes);
    [LibraryImport(Library)] public static partial int cuMemFreeHost(nint memory);
    [LibraryImport(Library)] public static partial int cuMemcpyHtoDAsync_v2(nint to, nint from, nuint bytes, nint stream);
    [LibraryImport(Library)] public static partial int cuMemcpyDtoHAsync_v2(nint to, nint from, nuint bytes, nint stream);
    [LibraryImport(Library)] public static partial int cuEventCreate(out nint mark, uint flags);
    [LibraryImport(Library)] public static partial int cuEventDestroy_v2(nint mark);
    [LibraryImport(Library)] public static partial int cuEventRecord(nint mark, nint stream);
    [LibraryImport(Library)] public static partial int cuEventSynchronize(nint mark);
    [LibraryImport(Library)] public static partial int cuEventElapsedTime(out float milliseconds, nint from, nint to);
    [LibraryImport(Library)] public static partial int cuGetErrorName(int error, out nint name);

    /// <summary>Throws where a call failed.</summary>
    /// <param name="result">What it returned.</param>
    /// <param name="what">The call.</param>
    public static void Check(int result, string what)
    {
        if (result == 0) return;
        var name = cuGetErrorName(result, out var text) == 0 ? Marshal.PtrToStringUTF8(text) : null;
        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"CUDA's {what} failed: {name ?? "error"} ({result})."));
    }

    /// <summary>CUlaunchConfig.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct LaunchConfiguration
    {
        public uint GridX, GridY, GridZ, BlockX, BlockY, BlockZ, SharedBytes;
        public nint Stream;
        public LaunchAttribute* Attributes;
        public uint AttributeCount;
    }

    /// <summary>CUlaunchAttribute: 8 bytes that say which, and 64 for its value.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 72)]
    public struct LaunchAttribute
    {
        [FieldOffset(0)] public int Id;
        [FieldOffset(8)] public int Value;
    }
}
