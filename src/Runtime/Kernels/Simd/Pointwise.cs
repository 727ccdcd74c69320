using System.Numerics;
using System.Runtime.CompilerServices;

namespace MmMamba.Runtime.Kernels.Simd;

/// <summary>Element by element over float32 in memory. Loops are optimised at once: the first answer of a process is read too.</summary>
static unsafe class Pointwise
{
    /// <summary>sum += x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* sum, float* x, int count)
    {
        var i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count) Vector.Store(Vector.Load(sum + i) + Vector.Load(x + i), sum + i);
        for (; i < count; i++) sum[i] += x[i];
    }

    /// <summary>x *= factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(float* x, float factor, int count)
    {
        var i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count) Vector.Store(Vector.Load(x + i) * factor, x + i);
        for (; i < count; i++) x[i] *= factor;
    }

    /// <summary>y *= x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* y, float* x, int count)
    {
        var i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count) Vector.Store(Vector.Load(y + i) * Vector.Load(x + i), y + i);
        for (; i < count; i++) y[i] *= x[i];
    }

    /// <summary>x = x / (1 + exp(-x)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Silu(float* x, int count)
    {
        var i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            var value = Vector.Load(x + i);
            Vector.Store(value / (Vector<float>.One + Vector.Exp(-value)), x + i);
        }
        for (; i < count; i++) x[i] /= 1 + MathF.Exp(-x[i]);
    }

    /// <summary>x = exp(x - shift).</summary>
    /// <returns>The sum of the results.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Exp(float* x, float shift, int count)
    {
        var sums = Vector<float>.Zero;
        var i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count)
        {
            var value = Vector.Exp(Vector.Load(x + i) - new Vector<float>(shift));
            Vector.Store(value, x + i);
            sums += value;
        }
        var sum = Vector.Sum(sums);
        for (; i < count; i++) sum += x[i] = MathF.Exp(x[i] - shift);
        return sum;
    }

    /// <summary>The greatest of at least one number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Max(float* x, int count)
    {
        var greatest = x[0];
        var i = 0;
        if (count >= Vector<float>.Count)
        {
            var each = Vector.Load(x);
            for (i = Vector<float>.Count; i + Vector<float>.Count <= count; i += Vector<float>.Count) each = Vector.Max(each, Vector.Load(x + i));
            for (var lane = 0; lane < Vector<float>.Count; lane++) greatest = MathF.Max(greatest, each[lane]);
        }
        for (; i < count; i++) greatest = MathF.Max(greatest, x[i]);
        return greatest;
    }

    /// <summary>y = x / sqrt(mean(x^2) + eps); y may be x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RmsNorm(float* x, double eps, float* y, int count)
    {
        var squares = Vector<float>.Zero;
        var i = 0;
        for (; i + Vector<float>.Count <= count; i += Vector<float>.Count) squares = Vector.FusedMultiplyAdd(Vector.Load(x + i), Vector.Load(x + i), squares);
        var sum = Vector.Sum(squares);
        for (; i < count; i++) sum += x[i] * x[i];
        if (y != x) Buffer.MemoryCopy(x, y, count * sizeof(float), count * sizeof(float));
        Scale(y, 1 / MathF.Sqrt(sum / count + (float)eps), count);
    }

    /// <summary>x = (x - mean) / sqrt(variance + eps) * weight + bias.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void LayerNorm(float* x, double eps, float* weight, float* bias, int count)
    {
        var (sum, squares) = (0.0, 0.0);
        for (var i = 0; i < count; i++) sum += x[i];
        var mean = (float)(sum / count);
        for (var i = 0; i < count; i++) squares += (x[i] - mean) * (x[i] - mean);
        var scale = (float)(1 / Math.Sqrt(squares / count + eps));
        for (var i = 0; i < count; i++) x[i] = (x[i] - mean) * scale * weight[i] + bias[i];
    }
}
