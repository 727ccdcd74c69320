using MmMamba.Runtime.Kernels.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>silu(gate) * up, of what an MLP's first two products gave.</summary>
static class SwiGlu
{
    const int Threads = 256, OfThread = 8;

    static readonly PointwiseKernels Kernels = new("the kernels of an MLP's gate", KernelSource.SwiGlu, _ => []);

    /// <param name="gate">The caller's own, and not asked for again.</param>
    /// <param name="up">Of its shape.</param>
    /// <returns>gate itself where no gradients are recorded.</returns>
    public static Tensor Run(Tensor gate, Tensor up) => Launched(gate, up) ? gate : InPlace.Multiply(InPlace.Silu(gate), up);

    static bool Launched(Tensor gate, Tensor up)
    {
        if (is_grad_enabled() || Kernels.For(gate) is not { } kernels) return false;
        if (up.dtype != gate.dtype || !PointwiseKernels.IsWhole(gate) || !PointwiseKernels.IsWhole(up)) return false;
        var count = gate.numel();
        kernels.Launch(0, "swiglu", PointwiseKernels.Grid(count, Threads * OfThread), Threads, 0, gate, up, count);
        return true;
    }
}
