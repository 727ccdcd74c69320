using System.Globalization;
using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>Kernels of the pointwise work between a layer's products, for bfloat16 and for float32.</summary>
sealed class PointwiseKernels
{
    readonly PassKernels _half, _single;

    /// <param name="name">How messages call them.</param>
    /// <param name="sources">Their files.</param>
    /// <param name="constants">Macros of them for numbers of which 16 bytes hold so many.</param>
    public PointwiseKernels(string name, IReadOnlyList<KernelSource> sources, Func<int, (string Name, long Value)[]> constants)
    {
        _half = Of("1", constants(8));
        _single = Of("0", constants(4));

        PassKernels Of(string half, (string Name, long Value)[] macros) => PassKernels.Of(
            name, [KernelSource.Ptx, KernelSource.Numbers, .. sources],
            macros.Select(macro => KeyValuePair.Create(macro.Name, macro.Value.ToString(CultureInfo.InvariantCulture))).Append(KeyValuePair.Create("ELEMENT_BF16", half)).ToDictionary());
    }

    /// <summary>The kernels for numbers as a tensor has them, where it lies; null where they can't run or know no such numbers.</summary>
    public IKernelModule? For(Tensor tensor) => tensor.dtype switch
    {
        ScalarType.BFloat16 => _half.On(tensor.device),
        ScalarType.Float32 => _single.On(tensor.device),
        _ => null,
    };

    /// <summary>Whether a tensor lies side by side in memory, from a multiple of 16 bytes on.</summary>
    public static bool IsWhole(Tensor tensor) => tensor.is_contiguous() && StableAbi.Address(tensor) % 16 == 0;

    /// <summary>Whether heads (B, heads, T, d) have their numbers side by side, and begin at multiples of 16 bytes as far as d is one.</summary>
    public static bool AreRows(Tensor heads)
    {
        var (strides, width) = (heads.stride(), heads.shape[3]);
        return strides[3] == 1 && strides.Take(3).All(stride => stride % width == 0) && StableAbi.Address(heads) % 16 == 0;
    }

    /// <summary>A gradient that libtorch gives; null where it has none.</summary>
    public static Tensor? Given(Tensor gradient) => gradient.IsInvalid ? null : gradient;

    /// <summary>How many of a tensor's numbers 16 bytes hold.</summary>
    public static int Width(Tensor tensor) => tensor.dtype == ScalarType.BFloat16 ? 8 : 4;

    /// <summary>The most numbers up to so many that part a row of others evenly: half of them, or half of those, and so on.</summary>
    public static int Piece(int most, int row)
    {
        while (row % most != 0) most /= 2;
        return most;
    }

    /// <summary>Blocks for a number of threads or rows, of which a block has so many.</summary>
    public static (int X, int Y) Grid(long count, long ofBlock) => ((int)((count + ofBlock - 1) / ofBlock), 1);

    /// <summary>Numbers from one sequence, head or token of (B, heads, T, ...) to the next, as the kernels are given them.</summary>
    public static KernelArgument Places(Tensor heads)
    {
        var strides = heads.stride();
        return KernelArgument.Of(new Strides(strides[0], strides[1], strides[2]));
    }

    readonly record struct Strides(long Batch, long Head, long Token);
}
