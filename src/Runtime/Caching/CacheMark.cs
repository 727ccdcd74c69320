using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Caching;

/// <summary>A moment of a cache, to go back to.</summary>
/// <param name="restore">Brings the cache back to it.</param>
/// <param name="kept">What that needs, freed with the mark.</param>
sealed class CacheMark(Action restore, params IDisposable[] kept) : IDisposable
{
    /// <summary>Brings the cache back to this moment; may be done again.</summary>
    public void Return()
    {
        using var guard = no_grad();
        restore();
    }

    /// <summary>Frees what was kept.</summary>
    public void Dispose()
    {
        foreach (var one in kept) one.Dispose();
    }

    /// <summary>A copy for a mark to keep, in no dispose scope.</summary>
    public static Tensor Copy(Tensor tensor)
    {
        using var guard = no_grad();
        return tensor.clone().DetachFromDisposeScope();
    }
}
