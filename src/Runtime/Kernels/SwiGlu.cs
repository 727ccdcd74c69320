using MmMamba.Runtime.Kernels.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>silu(gate) * up, of what an MLP's first two products gave.</summary>
static class SwiGlu
{
    const int Threads = 256, OfThread = 8;

    static readonly PointwiseKernels Kernels = new("the kernels of an MLP's gate", [KernelSource.SwiGlu], _ => []);

    /// <summary>Kernels for a gate; null where plain operations have to compute it.</summary>
    public static IKernelModule? KernelsFor(Tensor gate) => Kernels.For(gate);

    /// <param name="gate">The caller's own, and not asked for again.</param>
    /// <param name="up">Of its shape.</param>
    /// <returns>gate itself where no gradients are recorded.</returns>
    public static Tensor Run(Tensor gate, Tensor up)
    {
        if (Kernels.For(gate) is not { } kernels || is_grad_enabled() && (gate.requires_grad || up.requires_grad) || up.dtype != gate.dtype || !PointwiseKernels.IsWhole(gate) || !PointwiseKernels.IsWhole(up))
            return InPlace.Multiply(InPlace.Silu(gate), up);
        Forward(kernels, gate, up, gate);
        return gate;
    }

    /// <summary>Writes silu(gate) * up; all three lie side by side in memory, and the result may be the gate.</summary>
    public static void Forward(IKernelModule kernels, Tensor gate, Tensor up, Tensor inner)
    {
        var count = gate.numel();
        kernels.Launch(0, "swiglu", PointwiseKernels.Grid(count, Threads * OfThread), Threads, 0, gate, up, inner, count);
    }

    /// <summary>The gradient of the gate, which is written over that of the result, and that of up.</summary>
    public static Tensor Back(IKernelModule kernels, Tensor gate, Tensor up, Tensor given)
    {
        var (count, ofUp) = (gate.numel(), empty_like(up));
        kernels.Launch(0, "swiglu_back", PointwiseKernels.Grid(count, Threads * OfThread), Threads, 0, gate, up, given, ofUp, count);
        return ofUp;
    }
}
