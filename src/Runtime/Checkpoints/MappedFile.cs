using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>
/// A file in memory, copied where it is written to. The map lives as long as the file is open or a tensor over it is in use, whichever is longer.
/// </summary>
sealed unsafe class MappedFile : IDisposable
{
    static readonly Lock Gate = new();
    static readonly List<MappedFile> Live = [];

    readonly MemoryMappedFile _file;
    readonly MemoryMappedViewAccessor _view;
    readonly nint _start;
    readonly long _length;
    int _users = 1;

    public MappedFile(SafeFileHandle handle, long length)
    {
        _length = length;
        _file = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.CopyOnWrite, HandleInheritability.None, leaveOpen: true);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.CopyOnWrite);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _start = (nint)start + (nint)_view.PointerOffset;
        lock (Gate) Live.Add(this);
    }

    /// <summary>A CPU tensor over the file's bytes from an offset on, which must be a multiple of its elements' size.</summary>
    public Tensor TensorAt(long offset, ReadOnlySpan<long> shape, ScalarType type)
    {
        Libtorch.Ensure();
        lock (Gate) _users++;
        nint handle;
        fixed (long* extents = shape)
            handle = TorchSharpNative.THSTensor_new(
                _start + (nint)offset, &Deleted, extents, shape.Length, (sbyte)type, (sbyte)type, (int)DeviceType.CPU, -1, requiresGrad: 0);
        if (handle == 0)
        {
            Release();
            CheckForErrors();
            throw new InvalidOperationException("libtorch made no tensor over a mapped file.");
        }
        return Tensor.UnsafeCreateTensor(handle);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    static void Deleted(nint memory)
    {
        lock (Gate) Live.Find(map => memory >= map._start && memory < map._start + (nint)map._length)?.Release();
    }

    void Release()
    {
        lock (Gate)
        {
            if (--_users > 0) return;
            Live.Remove(this);
        }
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    /// <summary>Ends the opener's use.</summary>
    public void Dispose() => Release();
}
