using System.Diagnostics;
using MmMamba.ModelDsl.Architecture;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Cli.Benchmarks;

/// <summary>What the machine can do at most, as measured on it.</summary>
/// <param name="BytesPerSecond">Of its memory: a large copy, what is read and what is written counted.</param>
/// <param name="FlopsPerSecond">A large product of drawn matrices: bfloat16 on a GPU, float32 elsewhere.</param>
sealed record MachineCeilings(double BytesPerSecond, double FlopsPerSecond)
{
    const int Repeats = 5;

    /// <summary>Measures them.</summary>
    public static MachineCeilings On(Device device)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var gpu = device.type == DeviceType.CUDA;
        // Far more than lies in a cache, and products of more rows than there are multiprocessors.
        var (bytes, side, rounds) = gpu ? (1L << 29, 8192L, 10) : (1L << 26, 768L, 2);
        double copied, multiplied;
        using (var from = ones([bytes], ScalarType.Byte, device))
        using (var to = empty_like(from))
            copied = Seconds(() => to.copy_(from), rounds);
        var type = gpu ? ScalarType.BFloat16 : ScalarType.Float32;
        using (var left = randn([side, side], type, device))
        using (var right = randn([side, side], type, device))
            multiplied = Seconds(() => mm(left, right).Dispose(), rounds);
        return new(2 * bytes / copied, 2.0 * side * side * side / multiplied);

        // Of one run, the middle of some means.
        double Seconds(Action run, int times)
        {
            var seconds = new double[Repeats];
            for (var i = -1; i < Repeats; i++)
            {
                if (gpu) cuda.synchronize();
                var watch = Stopwatch.StartNew();
                for (var j = 0; j < times; j++) run();
                if (gpu) cuda.synchronize();
                if (i >= 0) seconds[i] = watch.Elapsed.TotalSeconds / times;
            }
            Array.Sort(seconds);
            return seconds[Repeats / 2];
        }
    }

    /// <summary>Milliseconds that so many operations and moved bytes take at least: whichever take longer.</summary>
    public double LeastMs(decimal flops, decimal bytes) => 1000 * Math.Max((double)flops / FlopsPerSecond, (double)bytes / BytesPerSecond);

    /// <summary>Of one more token of each sequence: weights once, caches, and the states that are written.</summary>
    public double DecodeMs(Costs costs, long tokens, int elementBytes, int batch, int stateElementBytes) => LeastMs(
        costs.DecodeFlops(tokens, batch),
        costs.DecodeBytesRead(tokens, elementBytes, batch, stateElementBytes) + costs.StateBytes(elementBytes, batch, stateElementBytes) + costs.KvBytes(1, elementBytes, batch));

    /// <summary>Of a prompt to its first token.</summary>
    public double PrefillMs(Costs costs, long tokens, int elementBytes, int batch, int stateElementBytes) => LeastMs(
        costs.PrefillFlops(tokens, 0, batch), costs.WeightBytes(elementBytes) + costs.CacheBytes(tokens, elementBytes, batch, stateElementBytes));
}
