using System.Runtime.InteropServices;

namespace MmMamba.Runtime.Native;

/// <summary>The part of TorchSharp's own native library that is called past its managed face.</summary>
static unsafe partial class TorchSharpNative
{
    public const string Library = "LibTorchSharp";

    /// <summary>A tensor over memory that somebody else owns; <paramref name="deleter"/> is called with the memory's address when nothing refers to it any more.</summary>
    [LibraryImport(Library)]
    public static partial nint THSTensor_new(
        nint memory, delegate* unmanaged[Cdecl]<nint, void> deleter, long* shape, int dimensions, sbyte type, sbyte targetType, int deviceType, int deviceIndex, byte requiresGrad);
}
