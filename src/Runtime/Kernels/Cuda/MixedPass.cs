using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>
/// A Mamba-2 mixer over many tokens without gradients, in kernels of our own: one product of all projections, the convolution, and the scan with all that follows it. The kernels read
/// the product's rows where they lie.
/// </summary>
/// <param name="plan">The mixer, which <see cref="ScanKernels"/> know.</param>
sealed class MixedPass(Mamba2Plan plan)
{
    readonly ScanKernels _scan = new(plan);

    /// <summary>The pass of a mixer; null where the kernels don't know it.</summary>
    public static MixedPass? Of(Mamba2Plan plan) => ScanKernels.Know(plan) ? new(plan) : null;

    /// <summary><see cref="Mamba2Mixer.Mix"/>; null where plain operations have to compute it, and nothing was done.</summary>
    /// <param name="mixer">Its weights.</param>
    /// <param name="u">Normed input (B, T, H).</param>
    /// <param name="state">State before these tokens, changed in place.</param>
    public Tensor? Mix(Mamba2Mixer mixer, Tensor u, Mamba2State? state)
    {
        if (is_grad_enabled() || u.shape[1] < 2 || u.dtype != ScalarType.BFloat16) return null;
        var (convWeight, convBias, dtBias, decay, skip, gateNorm) = mixer.Others;
        if (mixer.Projections.Any(Other) || ((Tensor?[])[convWeight, convBias, dtBias, decay, skip, gateNorm, state?.Conv]).Any(Other)) return null;
        if (_scan.On(u.device) is not { } kernels || KernelDevice.Of(u.device, out _) is not { } device) return null;

        using var scope = NewDisposeScope();
        var (batch, length) = (u.shape[0], u.shape[1]);
        var (channels, width) = ((plan.Heads + 2L * plan.KvHeads) * plan.HeadDim, (long)plan.Heads * plan.HeadDim);
        var projected = Project(mixer, u);
        var vkq = _scan.Convolution(kernels, projected, convWeight, convBias, state?.Conv);
        if (plan.Conv > 0) Work.Done("mamba2.conv", 2 * batch * length * channels * plan.Conv);
        var gate = plan.Gate ? projected.narrow(-1, channels, width) : null;
        var dt = projected.narrow(-1, plan.Gate ? channels + width : channels, plan.Heads);
        Tensor Scan(Tensor? ssm) => _scan.Scan(kernels, vkq, gate, dt, dtBias, decay, skip, gateNorm, ssm, ScanKernels.Segments(device, batch, plan.Heads, length));
        var y = state is null ? Scan(null) : state.Change(Scan);
        SsdScan.Tell(batch, length, plan.Heads, plan.HeadDim, plan.Chunk, state is not null, u.device);
        return y.MoveToOuterDisposeScope();

        static bool Other(Tensor? tensor) => tensor is not null && tensor.dtype != ScalarType.BFloat16;
    }

    // Value, key, query, gate and dt of every token, one behind the other (B, T, rows). The weights are put together anew each time: kept for all layers they would take the model's memory twice.
    static Tensor Project(Mamba2Mixer mixer, Tensor u)
    {
        using var scope = NewDisposeScope();
        List<Tensor> weights = [.. mixer.Projections];
        var rows = weights.Sum(weight => weight.shape[0]);
        // Rows are read 16 bytes at a time.
        const int width = 8;
        if (rows % width > 0) weights.Add(zeros([width - rows % width, u.shape[2]], u.dtype, u.device));
        using var together = cat(weights, 0);
        return Work.Linear("mamba2.projections", u, together, rows: rows).MoveToOuterDisposeScope();
    }
}
