namespace MmMamba.Runtime.Caching;

/// <summary>What one layer remembers of the tokens that it has seen. Buffers are allocated once and changed in place.</summary>
public abstract class LayerCache : IDisposable
{
    /// <summary>Memory of the buffers in bytes.</summary>
    public abstract long Bytes { get; }

    /// <summary>Forgets all tokens.</summary>
    public abstract void Reset();

    /// <summary>Frees the buffers.</summary>
    public abstract void Dispose();
}
