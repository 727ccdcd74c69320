namespace MmMamba.Runtime.Caching;

/// <summary>What one layer remembers of the tokens that it has seen. Buffers are allocated once and changed in place.</summary>
public abstract class LayerCache : IDisposable
{
    /// <summary>Memory of the buffers in bytes.</summary>
    public abstract long Bytes { get; }

    private protected static void RequireRoom(long room, long tokens)
    {
        if (tokens > room) throw new InputException($"The cache holds {room} tokens, and {tokens} are asked for. Create the cache for more tokens.");
    }

    /// <summary>Forgets all tokens.</summary>
    public abstract void Reset();

    /// <summary>Frees the buffers.</summary>
    public abstract void Dispose();
}
