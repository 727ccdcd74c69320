using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Native;

/// <summary>
/// Numbers as libtorch takes them. TorchSharp hands libtorch the address of a <see cref="Scalar"/> and lets go of the object at once: a garbage collection that another thread asks for may free it while
/// a thread that had to wait for its processor has not read it yet ("Unknown scalar type"). So a thread's last numbers are held; what makes numbers of its own inside TorchSharp is banned
/// (BannedSymbols.Torch.txt) and stands here with held ones.
/// </summary>
public static class HeldNumber
{
    // A thread hands over one at a time, and a function that libtorch calls meanwhile is not through so many.
    const int Many = 256;

    [ThreadStatic] static Scalar[]? _last;
    [ThreadStatic] static int _next;

    /// <summary>A whole number.</summary>
    public static Scalar Of(long value) => Hold(value.ToScalar());

    /// <summary>A number.</summary>
    public static Scalar Of(double value) => Hold(value.ToScalar());

    /// <summary>True or false.</summary>
    public static Scalar Of(bool value) => Hold(value.ToScalar());

    static Scalar Hold(Scalar number) => (_last ??= new Scalar[Many])[_next = (_next + 1) % Many] = number;

    /// <summary>a + b.</summary>
    public static Tensor Plus(this Tensor a, Tensor b) => a.add(b, Of(1));

    /// <summary>a += b.</summary>
    public static Tensor Add(this Tensor a, Tensor b) => a.add_(b, Of(1));

    /// <summary>a += b.</summary>
    public static Tensor Add(this Tensor a, double b) => a.add_(Of(b), Of(1));

    /// <summary>a².</summary>
    public static Tensor Squared(this Tensor a) => a.pow(Of(2));

    /// <summary>log(1 + exp(x)), x where it is above 20.</summary>
    public static Tensor Softplus(this Tensor x) => OfNumbers(x, Of(1.0), Of(20.0));

    // What is public makes the numbers itself.
    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "softplus1")]
    static extern Tensor OfNumbers(Tensor x, Scalar beta, Scalar threshold);

    /// <summary>Whole numbers from first to before end, int64.</summary>
    public static Tensor Range(long first, long end, Device? device) => arange(Of(first), Of(end), Of(1), ScalarType.Int64, device);
}
