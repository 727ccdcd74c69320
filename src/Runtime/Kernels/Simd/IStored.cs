using System.Numerics;
using System.Runtime.CompilerServices;

namespace MmMamba.Runtime.Kernels.Simd;

/// <summary>A number as tensors store it: how it becomes float32, and what float32 is rounded to.</summary>
unsafe interface IStored<T> where T : unmanaged, IStored<T>
{
    /// <summary>As many numbers as two vectors of float32 hold.</summary>
    static abstract void Load(T* at, out Vector<float> first, out Vector<float> second);

    /// <summary>One number.</summary>
    static abstract float Load(T* at);

    /// <summary>Rounds to nearest, ties to even.</summary>
    static abstract void Store(T* at, float value);
}

/// <summary>float32, as it is.</summary>
readonly unsafe struct Float32(float value) : IStored<Float32>
{
    readonly float _value = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(Float32* at, out Vector<float> first, out Vector<float> second) =>
        (first, second) = (Vector.Load((float*)at), Vector.Load((float*)at + Vector<float>.Count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(Float32* at) => at->_value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Float32* at, float value) => *at = new(value);
}

/// <summary>bfloat16: the upper half of a float32.</summary>
readonly unsafe struct BFloat16(ushort bits) : IStored<BFloat16>
{
    readonly ushort _bits = bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(BFloat16* at, out Vector<float> first, out Vector<float> second)
    {
        Vector.Widen(Vector.Load((ushort*)at), out var low, out var high);
        (first, second) = (Vector.AsVectorSingle(low << 16), Vector.AsVectorSingle(high << 16));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Load(BFloat16* at) => BitConverter.UInt32BitsToSingle((uint)at->_bits << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(BFloat16* at, float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        // Half of the last place less one, and one more where the last bit is odd: a sum that would make infinity of what is no number.
        *at = new((ushort)(float.IsNaN(value) ? 0x7fc0 : bits + 0x7fff + (bits >> 16 & 1) >> 16));
    }
}
