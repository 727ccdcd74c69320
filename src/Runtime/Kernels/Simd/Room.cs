using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Simd;

/// <summary>Memory for float32 that no garbage collection moves; it lives as long as this object.</summary>
sealed unsafe class Room
{
    readonly float[] _numbers;

    public Room(int count)
    {
        _numbers = GC.AllocateArray<float>(Math.Max(count, 1), pinned: true);
        At = (float*)Marshal.UnsafeAddrOfPinnedArrayElement(_numbers, 0);
    }

    /// <summary>The first number.</summary>
    public float* At { get; }
}

/// <summary>A small tensor on the CPU as float32: where it lies if it is, else a copy that is made anew whenever it is asked for.</summary>
sealed unsafe class SmallTensor(Tensor tensor)
{
    readonly StoredRows _stored = StoredRows.Of(tensor).Flat;
    readonly Room? _copy = tensor.dtype == ScalarType.Float32 ? null : new((int)tensor.numel());

    /// <summary>Its numbers as they are now.</summary>
    public float* Now => _copy is null ? _stored.Singles : Copied();

    float* Copied()
    {
        _stored.Read(0, _copy!.At);
        return _copy.At;
    }

    /// <summary>Puts the copy's numbers, if there is one, into the tensor.</summary>
    public void Keep()
    {
        if (_copy is not null) _stored.Write(0, _copy.At);
    }
}
