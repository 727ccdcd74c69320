using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>
/// Elementwise operations over a tensor that is the caller's own and is not asked for again: without gradients they write over it, with gradients they make a new one.
/// The numbers are the same.
/// </summary>
static class InPlace
{
    public static Tensor Add(Tensor own, Tensor other) => Holds(own, other) ? HeldNumber.Add(own, other) : own.Plus(other);

    public static Tensor Multiply(Tensor own, Tensor other) => Holds(own, other) ? own.mul_(other) : own * other;

    /// <summary>own + a * b.</summary>
    public static Tensor AddProduct(Tensor own, Tensor a, Tensor b) => is_grad_enabled() ? addcmul(own, a, b, HeldNumber.Of(1)) : own.addcmul_(a, b, HeldNumber.Of(1));

    public static Tensor Silu(Tensor own) => nn.functional.silu(own, inplace: !is_grad_enabled());

    // Whether nobody asks for a gradient, and the result is of own's type.
    static bool Holds(Tensor own, Tensor other) => !is_grad_enabled() && (own.dtype == other.dtype || own.dtype == ScalarType.Float32);
}
