namespace MmMamba.Runtime.Generation;

/// <summary>A kernel of a step or a pass by itself, or a product of libtorch's.</summary>
/// <param name="Name">The kernel's, or the cost model's term.</param>
/// <param name="Times">How often it is launched.</param>
/// <param name="Microseconds">Of one launch, the mean.</param>
/// <param name="Bytes">That one launch has to move, the mean; 0 where that is not counted.</param>
/// <param name="Flops">Floating-point operations of one launch, 2 a multiply-add, the mean; 0 where they are not what it takes its time for.</param>
public sealed record KernelTime(string Name, int Times, double Microseconds, long Bytes, long Flops = 0);
