using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Caching;

/// <summary>A tensor of a name, of the type and the shape that are expected; the callee answers for all three.</summary>
delegate Tensor StoredTensors(string name, ScalarType type, params long[] shape);

/// <summary>What one layer remembers of the tokens that it has seen. Buffers are allocated once and changed in place.</summary>
public abstract class LayerCache : IDisposable
{
    /// <summary>Memory of the buffers in bytes.</summary>
    public abstract long Bytes { get; }

    private protected static void RequireRoom(long room, long tokens)
    {
        if (tokens > room) throw new InputException($"The cache holds {room} tokens, and {tokens} are asked for. Create the cache for more tokens.");
    }

    /// <summary>
    /// Remembers how the buffers are now. The result brings them back to that, as long as they were only advanced since; what it keeps for that is
    /// freed with it.
    /// </summary>
    internal abstract CacheMark Mark();

    /// <summary>What the tokens so far left here, by name: what a file has to hold. Views, for the caller to dispose.</summary>
    internal abstract IReadOnlyList<(string Name, Tensor Tensor)> Filled();

    /// <summary>Takes up what <see cref="Filled"/> gave after a number of tokens.</summary>
    internal abstract void Fill(long tokens, StoredTensors stored);

    /// <summary>Forgets all tokens.</summary>
    public abstract void Reset();

    /// <summary>Frees the buffers.</summary>
    public abstract void Dispose();
}
