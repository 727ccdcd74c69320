using System.Runtime.ExceptionServices;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>
/// Gradients that functions of our own give libtorch, which takes a hold of its own on what it is given. On a GPU the thread that goes back has no dispose scope; a gradient's
/// handle is freed when the same thread gives the next one. An exception may not leave a function that libtorch has called: it is kept, and thrown where the pass back was asked for.
/// One is kept in a process: libtorch goes back on threads of its own, which do not say for whom, and a process trains one model at a time.
/// </summary>
static class GivenGradients
{
    [ThreadStatic] static Tensor?[]? _held;
    static ExceptionDispatchInfo? _failure;

    /// <summary>Goes back from a tensor, with its gradient or from a scalar.</summary>
    public static void From(Tensor end, Tensor? gradient = null)
    {
        try
        {
            if (gradient is null) end.backward();
            else end.backward([gradient]);
        }
        finally
        {
            // What libtorch itself throws then follows from it.
            ThrowFailure();
        }
    }

    /// <summary>Throws what stopped the last pass back, once; whoever went back without <see cref="From"/> learns of it at the next pass forward.</summary>
    public static void ThrowFailure() => Interlocked.Exchange(ref _failure, null)?.Throw();

    /// <summary>What a function gives back.</summary>
    /// <param name="given">The gradients that it is given; they are freed.</param>
    /// <param name="arguments">How many arguments it had.</param>
    /// <param name="back">Computes one gradient for each argument; null where there is none.</param>
    public static List<Tensor> Of(IEnumerable<Tensor> given, int arguments, Func<Tensor?[]> back)
    {
        Tensor?[] gradients;
        using (var scope = NewDisposeScope())
        {
            try
            {
                foreach (var one in given) scope.Attach(one);
                gradients = back();
                foreach (var gradient in gradients) gradient?.DetachFromDisposeScope();
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(error), null);
                gradients = new Tensor?[arguments];
            }
        }
        if (_held is not null)
            foreach (var held in _held) held?.Dispose();
        _held = gradients;
        return [.. gradients.Select(gradient => gradient!)];
    }
}
