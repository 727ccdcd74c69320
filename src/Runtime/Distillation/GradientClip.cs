using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Native;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>Bounds the norm of a gradient over all tensors.</summary>
public static class GradientClip
{
    /// <summary>Scales all gradients in place so that their common L2 norm is at most <paramref name="greatest"/>.</summary>
    /// <returns>The norm before, 0 without gradients.</returns>
    public static double Apply(IEnumerable<Parameter> parameters, double greatest)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var gradients = parameters.Select(parameter => parameter.grad).OfType<Tensor>().ToArray();
        if (gradients.Length == 0) return 0;
        var norm = (GradientNorm.Of(gradients) ?? stack(gradients.Select(gradient => gradient.to_type(ScalarType.Float32).norm())).norm()).item<float>();
        // As in PyTorch: the small constant keeps a norm at the bound from being scaled by more than 1.
        var scale = greatest / (norm + 1e-6);
        if (scale < 1) Aten.Scale(gradients, tensor((float)scale, device: gradients[0].device));
        return norm;
    }
}
