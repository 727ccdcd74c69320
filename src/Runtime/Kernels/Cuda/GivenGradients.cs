using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>
/// Gradients that functions of our own give libtorch, which takes a hold of its own on what it is given. On a GPU the thread that goes back has no dispose scope; a gradient's
/// handle is freed when the same thread gives the next one.
/// </summary>
static class GivenGradients
{
    [ThreadStatic] static Tensor?[]? _held;

    /// <param name="gradients">One for each argument of the function; null where there is none. They stay in no scope.</param>
    public static List<Tensor> Of(params Tensor?[] gradients)
    {
        foreach (var gradient in gradients) gradient?.DetachFromDisposeScope();
        if (_held is not null)
            foreach (var held in _held) held?.Dispose();
        _held = gradients;
        return [.. gradients.Select(gradient => gradient!)];
    }
}
