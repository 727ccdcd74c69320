using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>The L2 norm over many tensors at once: libtorch is called for each, which takes a GPU longer than the reading.</summary>
static class GradientNorm
{
    const int Threads = 256, Together = 16, Parts = 64;

    static readonly PassKernels Kernels = PassKernels.Of("the kernels of a gradient's norm", KernelSource.GradientNorm, new Dictionary<string, string>());

    /// <summary>The norm as a float32 scalar; null where plain operations have to compute it.</summary>
    /// <param name="tensors">Of one device.</param>
    public static Tensor? Of(IReadOnlyList<Tensor> tensors)
    {
        var device = tensors[0].device;
        if (Kernels.On(device) is not { } module) return null;
        if (tensors.Any(tensor => tensor.dtype != ScalarType.Float32 || !tensor.is_contiguous() || tensor.device_type != device.type || tensor.device_index != device.index)) return null;
        using var scope = NewDisposeScope();
        var sums = empty([tensors.Count, Parts], ScalarType.Float32, device);
        var norm = empty([], ScalarType.Float32, device);
        var arguments = new KernelArgument[2 * Together + 1];
        for (var first = 0; first < tensors.Count; first += Together)
        {
            var count = Math.Min(Together, tensors.Count - first);
            for (var i = 0; i < Together; i++)
            {
                arguments[i] = i < count ? tensors[first + i] : (Tensor?)null;
                arguments[Together + i] = i < count ? tensors[first + i].numel() : 0L;
            }
            arguments[^1] = sums[first..];
            module.Launch(0, "add_squares", (Parts, count), Threads, 0, arguments);
        }
        module.Launch(0, "norm_of_sums", (1, 1), Threads, 0, sums, tensors.Count * Parts, norm);
        return norm.MoveToOuterDisposeScope();
    }
}
