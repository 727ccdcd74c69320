using System.Globalization;
using MmMamba.Runtime.Plans;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>The convolution and the scan of a Mamba-2 mixer over many tokens in kernels of our own, bfloat16 on tensor cores; <see cref="CausalConvolution"/> and <see cref="SsdScan"/> are the plain ones.</summary>
/// <param name="plan">The mixer.</param>
sealed class ScanKernels(Mamba2Plan plan)
{
    /// <summary>Tokens of a chunk, as in scan.cu.</summary>
    public const int Chunk = 64;

    // As in convolution.cu.
    // Declared are the bytes of shared memory that kernels have beside what a launch gives them, at most.
    const int Run = 16, ConvolutionThreads = 256, StartThreads = 128, MostTaps = 8, Declared = 4096;

    readonly PassKernels _kernels = PassKernels.Of("the kernels of a Mamba-2 mixer", [KernelSource.Ptx, .. KernelSource.Mix], Constants(plan));

    /// <summary>Whether the kernels know a mixer.</summary>
    public static bool Know(Mamba2Plan plan) => !plan.QkNorm && plan.HeadDim is 16 or 32 or 64 or 128 && plan.Conv <= MostTaps;

    // Of scan_outputs, which needs the most.
    int OutputsShared => sizeof(ushort) * (6 * Chunk * plan.HeadDim + Chunk * Chunk);

    long Channels => (plan.Heads + 2L * plan.KvHeads) * plan.HeadDim;

    long Mixed => (long)plan.Heads * plan.HeadDim;

    /// <summary>The kernels where a tensor lies; null where they can't run there.</summary>
    public IKernelModule? On(Device device) => _kernels.On(device, OutputsShared + Declared);

    /// <summary>Segments of a sequence: as many blocks as run side by side, and some chunks for each.</summary>
    public static int Segments(IKernelDevice device, long batch, long heads, long length)
    {
        const int side = 2, least = 4;
        return (int)Math.Clamp(side * device.Multiprocessors / (batch * heads), 1, Math.Max(1, length / (least * Chunk)));
    }

    /// <summary>The convolution of values, keys and queries, and SiLU; SiLU alone where the mixer has no convolution.</summary>
    /// <param name="inputs">(B, T, at least channels) bfloat16; rows have a stride.</param>
    /// <param name="weight">(channels, 1, taps).</param>
    /// <param name="bias">(channels).</param>
    /// <param name="history">Inputs of the tokens before (B, channels, taps - 1), changed to the last ones; null is zeros.</param>
    /// <returns>(B, T, channels).</returns>
    public Tensor Convolution(IKernelModule kernels, Tensor inputs, Tensor? weight, Tensor? bias, Tensor? history)
    {
        var (batch, length) = (inputs.shape[0], inputs.shape[1]);
        var y = empty([batch, length, Channels], ScalarType.BFloat16, inputs.device);
        var threads = Channels / 8 * ((length + Run - 1) / Run);
        kernels.Launch(
            0, "convolution", ((int)((threads + ConvolutionThreads - 1) / ConvolutionThreads), (int)batch), ConvolutionThreads, 0,
            inputs, (int)inputs.stride(1), weight, bias, plan.Conv > 1 ? history : null, length, y);
        return y;
    }

    /// <summary>The scan and what follows: skip, norm by head, gate.</summary>
    /// <param name="vkq">Values, keys and queries (B, T, channels), bfloat16.</param>
    /// <param name="gate">(B, T, heads * head dim), bfloat16; null where the mixer has none.</param>
    /// <param name="dt">Step sizes before bias and softplus (B, T, heads), bfloat16; rows have the stride of the gate's.</param>
    /// <param name="dtBias">(heads).</param>
    /// <param name="decay">log(-A) (heads); null where the mixer's A is -1.</param>
    /// <param name="skip">D (heads); null where the mixer has none.</param>
    /// <param name="gateNorm">(head dim); null where the mixer has none.</param>
    /// <param name="state">(B, heads, P, N), float32, before the tokens, changed to that after them; null begins at zero and keeps nothing.</param>
    /// <param name="segments">Segments of a sequence, no more than it has chunks of 64 tokens.</param>
    /// <returns>(B, T, heads * head dim), bfloat16.</returns>
    public Tensor Scan(IKernelModule kernels, Tensor vkq, Tensor? gate, Tensor dt, Tensor dtBias, Tensor? decay, Tensor? skip, Tensor? gateNorm, Tensor? state, int segments)
    {
        using var scope = NewDisposeScope();
        var (batch, length, width) = (vkq.shape[0], vkq.shape[1], plan.HeadDim);
        var (threads, stride, tile) = (32 * (width >= 64 ? 4 : width / 16), (int)dt.stride(1), Chunk * width);
        Tensor? states = null;
        if (segments > 1)
        {
            states = empty([batch, plan.Heads, segments, width, width], ScalarType.Float32, vkq.device);
            var totals = empty([batch, plan.Heads, segments], ScalarType.Float32, vkq.device);
            kernels.Launch(
                0, "scan_added", (plan.Heads * (segments - 1), (int)batch), threads, sizeof(ushort) * 4 * tile,
                vkq, dt, stride, dtBias, decay, length, segments, states, totals);
            kernels.Launch(
                0, "scan_starts", ((width * width / 4 + StartThreads - 1) / StartThreads, (int)(batch * plan.Heads)), StartThreads, 0,
                state, segments, states, totals);
        }
        var y = empty([batch, length, Mixed], ScalarType.BFloat16, vkq.device);
        kernels.Launch(
            0, "scan_outputs", (plan.Heads * segments, (int)batch), threads, OutputsShared,
            vkq, gate, dt, stride, dtBias, decay, skip, gateNorm, (float)plan.NormEps, length, segments, states, state, y);
        return y.MoveToOuterDisposeScope();
    }

    static Dictionary<string, string> Constants(Mamba2Plan plan)
    {
        static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
        static string Flag(bool value) => value ? "1" : "0";
        return new()
        {
            ["HEADS"] = Number(plan.Heads), ["KV_HEADS"] = Number(plan.KvHeads), ["HEAD_DIM"] = Number(plan.HeadDim), ["TAPS"] = Number(plan.Conv),
            ["GATE"] = Flag(plan.Gate), ["GATE_NORM"] = Flag(plan.GateNorm), ["DECAY"] = Flag(plan.Decay), ["SKIP"] = Flag(plan.Skip),
        };
    }
}
