using System.Text;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Seeding;

/// <summary>
/// Values of a <see cref="Drawn"/> origin. The generator counts: value i of a tensor is a function of the seed, the tensor's name
/// and i alone, so neither the order of tensors nor the number of threads nor the device matters.
/// </summary>
static class SeededDraw
{
    /// <summary>float32 values on the CPU, of the given shape.</summary>
    public static Tensor Values(Drawn drawn, ulong seed, string name, PlanList<long> shape)
    {
        var count = 1L;
        foreach (var extent in shape) count = checked(count * extent);
        var values = new float[count];
        var key = Key(seed, name);
        var (a, b) = (drawn.A, drawn.B);
        Action<int> fill = drawn.Draw switch
        {
            Draw.Constant => i => values[i] = (float)a,
            Draw.Uniform => i => values[i] = (float)(a + (b - a) * Uniform(key, i)),
            Draw.Normal => i => values[i] = (float)(a + b * Normal(key, i)),
            Draw.LogOfUniform => i => values[i] = (float)Math.Log(a + (b - a) * Uniform(key, i)),
            Draw.InverseSoftplusOfLogUniform => i => values[i] = (float)InverseSoftplus(Math.Exp(Math.Log(a) + (Math.Log(b) - Math.Log(a)) * Uniform(key, i))),
            Draw.LastTap => LastTap(values, shape[^1]),
            _ => throw new InputException($"Tensor '{name}' has an unknown draw, {drawn.Draw}."),
        };
        const int Block = 1 << 16;
        Parallel.For(0, (int)((count + Block - 1) / Block), block =>
        {
            var end = (int)Math.Min((long)(block + 1) * Block, count);
            for (var i = block * Block; i < end; i++) fill(i);
        });
        return tensor(values, [.. shape], ScalarType.Float32);
    }

    static Action<int> LastTap(float[] values, long taps) => i => values[i] = i % taps == taps - 1 ? 1 : 0;

    // y with log(1 + exp(y)) = x.
    static double InverseSoftplus(double x) => x + Math.Log(1 - Math.Exp(-x));

    static double Normal(ulong key, long i)
    {
        var (radius, angle) = (Uniform(key, 2 * i), Uniform(key, 2 * i + 1));
        return Math.Sqrt(-2 * Math.Log(1 - radius)) * Math.Cos(2 * Math.PI * angle);
    }

    // In [0, 1), 53 bits.
    static double Uniform(ulong key, long i) => (Mix(key + (ulong)i * 0x9e37_79b9_7f4a_7c15) >> 11) * (1.0 / (1L << 53));

    // FNV-1a over the name, then mixed with the seed.
    static ulong Key(ulong seed, string name)
    {
        var hash = 0xcbf2_9ce4_8422_2325;
        foreach (var octet in Encoding.UTF8.GetBytes(name)) hash = (hash ^ octet) * 0x0000_0100_0000_01b3;
        return Mix(hash ^ Mix(seed));
    }

    // The finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
    static ulong Mix(ulong x)
    {
        x += 0x9e37_79b9_7f4a_7c15;
        x = (x ^ (x >> 30)) * 0xbf58_476d_1ce4_e5b9;
        x = (x ^ (x >> 27)) * 0x94d0_49bb_1331_11eb;
        return x ^ (x >> 31);
    }
}
