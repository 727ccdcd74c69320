using System.Numerics;
using System.Runtime.CompilerServices;
using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Simd;

/// <summary>
/// The rows of a contiguous tensor on the CPU, float32 or bfloat16, read and written where they lie. Sums are float32, and a row's does not depend on which other rows
/// are asked for with it: neither on the number of threads.
/// </summary>
readonly unsafe struct StoredRows
{
    readonly nint _at;
    readonly bool _half;

    StoredRows(nint at, bool half, int count, int width) => (_at, _half, Count, Width) = (at, half, count, width);

    /// <summary>Rows.</summary>
    public int Count { get; }

    /// <summary>Numbers of a row.</summary>
    public int Width { get; }

    /// <summary>Whether a tensor can be taken so.</summary>
    public static bool Takes(Tensor tensor) =>
        tensor.device_type == DeviceType.CPU && tensor.dtype is ScalarType.Float32 or ScalarType.BFloat16 && tensor.is_contiguous();

    /// <summary>The rows (..., width) of a tensor, which has to outlive them.</summary>
    public static StoredRows Of(Tensor tensor)
    {
        var width = tensor.dim() == 0 ? 1 : (int)tensor.shape[^1];
        return new(StableAbi.Address(tensor), tensor.dtype == ScalarType.BFloat16, width == 0 ? 0 : checked((int)(tensor.numel() / width)), width);
    }

    /// <summary>A number of rows from one on.</summary>
    public StoredRows From(int first, int count) => new(_at + (nint)first * Width * (_half ? 2 : 4), _half, count, Width);

    /// <summary>All numbers as one row.</summary>
    public StoredRows Flat => new(_at, _half, 1, Count * Width);

    /// <summary>The first number of rows in float32.</summary>
    public float* Singles => _half ? throw new InvalidOperationException("The numbers are bfloat16.") : (float*)_at;

    /// <summary>y[i] = row i . x.</summary>
    public void Products(float* x, float* y)
    {
        if (_half) Products((BFloat16*)_at, Count, Width, x, y);
        else Products((Float32*)_at, Count, Width, x, y);
    }

    /// <summary>sum += weights[i] row i, over all rows.</summary>
    public void AddWeighted(float* weights, float* sum)
    {
        if (_half) AddWeighted((BFloat16*)_at, Count, Width, weights, sum);
        else AddWeighted((Float32*)_at, Count, Width, weights, sum);
    }

    /// <summary>Copies a row to float32.</summary>
    public void Read(int row, float* to)
    {
        if (_half) Read((BFloat16*)_at + (long)row * Width, Width, to);
        else Buffer.MemoryCopy((float*)_at + (long)row * Width, to, Width * sizeof(float), Width * sizeof(float));
    }

    /// <summary>Overwrites a row, rounded to the stored type.</summary>
    public void Write(int row, float* from)
    {
        if (!_half) Buffer.MemoryCopy(from, (float*)_at + (long)row * Width, Width * sizeof(float), Width * sizeof(float));
        else
            for (var i = 0; i < Width; i++) BFloat16.Store((BFloat16*)_at + (long)row * Width + i, from[i]);
    }

    // Four rows at a time: as many sums as a processor adds to at once.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Products<T>(T* rows, int count, int width, float* x, float* y) where T : unmanaged, IStored<T>
    {
        var row = 0;
        for (; row + 4 <= count; row += 4)
        {
            T* a = rows + (long)row * width, b = a + width, c = b + width, d = c + width;
            Vector<float> a0 = default, a1 = default, b0 = default, b1 = default, c0 = default, c1 = default, d0 = default, d1 = default;
            var i = 0;
            for (; i + 2 * Vector<float>.Count <= width; i += 2 * Vector<float>.Count)
            {
                var (x0, x1) = (Vector.Load(x + i), Vector.Load(x + i + Vector<float>.Count));
                T.Load(a + i, out var first, out var second);
                (a0, a1) = (Vector.FusedMultiplyAdd(first, x0, a0), Vector.FusedMultiplyAdd(second, x1, a1));
                T.Load(b + i, out first, out second);
                (b0, b1) = (Vector.FusedMultiplyAdd(first, x0, b0), Vector.FusedMultiplyAdd(second, x1, b1));
                T.Load(c + i, out first, out second);
                (c0, c1) = (Vector.FusedMultiplyAdd(first, x0, c0), Vector.FusedMultiplyAdd(second, x1, c1));
                T.Load(d + i, out first, out second);
                (d0, d1) = (Vector.FusedMultiplyAdd(first, x0, d0), Vector.FusedMultiplyAdd(second, x1, d1));
            }
            y[row] = Vector.Sum(a0 + a1) + Rest(a, x, i, width);
            y[row + 1] = Vector.Sum(b0 + b1) + Rest(b, x, i, width);
            y[row + 2] = Vector.Sum(c0 + c1) + Rest(c, x, i, width);
            y[row + 3] = Vector.Sum(d0 + d1) + Rest(d, x, i, width);
        }
        for (; row < count; row++)
        {
            var a = rows + (long)row * width;
            Vector<float> a0 = default, a1 = default;
            var i = 0;
            for (; i + 2 * Vector<float>.Count <= width; i += 2 * Vector<float>.Count)
            {
                T.Load(a + i, out var first, out var second);
                (a0, a1) = (Vector.FusedMultiplyAdd(first, Vector.Load(x + i), a0), Vector.FusedMultiplyAdd(second, Vector.Load(x + i + Vector<float>.Count), a1));
            }
            y[row] = Vector.Sum(a0 + a1) + Rest(a, x, i, width);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float Rest<T>(T* row, float* x, int from, int width) where T : unmanaged, IStored<T>
    {
        var sum = 0f;
        for (var i = from; i < width; i++) sum += T.Load(row + i) * x[i];
        return sum;
    }

    // A strip of columns at a time, so that its sums stay in registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddWeighted<T>(T* rows, int count, int width, float* weights, float* sum) where T : unmanaged, IStored<T>
    {
        var i = 0;
        for (; i + 2 * Vector<float>.Count <= width; i += 2 * Vector<float>.Count)
        {
            var (sum0, sum1) = (Vector.Load(sum + i), Vector.Load(sum + i + Vector<float>.Count));
            var at = rows + i;
            for (var row = 0; row < count; row++, at += width)
            {
                T.Load(at, out var first, out var second);
                var weight = new Vector<float>(weights[row]);
                (sum0, sum1) = (Vector.FusedMultiplyAdd(first, weight, sum0), Vector.FusedMultiplyAdd(second, weight, sum1));
            }
            Vector.Store(sum0, sum + i);
            Vector.Store(sum1, sum + i + Vector<float>.Count);
        }
        for (; i < width; i++)
            for (var row = 0; row < count; row++) sum[i] += weights[row] * T.Load(rows + (long)row * width + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Read<T>(T* from, int count, float* to) where T : unmanaged, IStored<T>
    {
        var i = 0;
        for (; i + 2 * Vector<float>.Count <= count; i += 2 * Vector<float>.Count)
        {
            T.Load(from + i, out var first, out var second);
            Vector.Store(first, to + i);
            Vector.Store(second, to + i + Vector<float>.Count);
        }
        for (; i < count; i++) to[i] = T.Load(from + i);
    }
}
