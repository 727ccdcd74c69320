using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Caching;

/// <summary>Keys and values of an attention layer; grows with the tokens inside a buffer of fixed size.</summary>
public sealed class KvCache : LayerCache
{
    readonly Tensor _keys, _values;

    /// <param name="batch">Sequences.</param>
    /// <param name="kvHeads">Key and value heads.</param>
    /// <param name="maxTokens">Tokens that fit.</param>
    /// <param name="headDim">Width of a head.</param>
    public KvCache(int batch, int kvHeads, int maxTokens, int headDim, Device device, ScalarType dtype)
    {
        using var guard = no_grad();
        long[] shape = [batch, kvHeads, maxTokens, headDim];
        _keys = zeros(shape, dtype, device).DetachFromDisposeScope();
        _values = zeros(shape, dtype, device).DetachFromDisposeScope();
    }

    /// <summary>Tokens in the cache.</summary>
    public long Length { get; private set; }

    /// <summary>Rotated keys (B, kv heads, Length, head dim): a view of the buffer, for the caller to dispose.</summary>
    public Tensor Keys => _keys.narrow(2, 0, Length);

    /// <summary>Values (B, kv heads, Length, head dim): a view of the buffer, for the caller to dispose.</summary>
    public Tensor Values => _values.narrow(2, 0, Length);

    /// <summary>The buffers themselves (B, kv heads, room, head dim).</summary>
    internal (Tensor Keys, Tensor Values) Buffers => (_keys, _values);

    /// <summary>Counts tokens whose keys and values somebody else puts into the buffers.</summary>
    /// <returns>The place of the first of them.</returns>
    internal long Advance(long tokens)
    {
        RequireRoom(_keys.shape[2], Length + tokens);
        var place = Length;
        Length += tokens;
        return place;
    }

    /// <inheritdoc/>
    public override long Bytes => (_keys.numel() + _values.numel()) * _keys.element_size();

    /// <summary>Counts more tokens: where their keys and values have to be put (B, kv heads, T, head dim), for the caller to dispose.</summary>
    internal (Tensor Keys, Tensor Values) Extend(long tokens)
    {
        var place = Advance(tokens);
        return (_keys.narrow(2, place, tokens), _values.narrow(2, place, tokens));
    }

    /// <summary>Appends keys and values of T tokens, each (B, kv heads, T, head dim).</summary>
    internal void Append(Tensor keys, Tensor values)
    {
        using var scope = NewDisposeScope();
        var (ownKeys, ownValues) = Extend(keys.shape[2]);
        ownKeys.copy_(keys);
        ownValues.copy_(values);
    }

    /// <inheritdoc/>
    internal override CacheMark Mark()
    {
        var length = Length;
        return new(() => Length = length); // what was appended lies behind
    }

    /// <inheritdoc/>
    internal override IReadOnlyList<(string Name, Tensor Tensor)> Filled() => [("keys", Keys), ("values", Values)];

    /// <inheritdoc/>
    internal override void Fill(long tokens, StoredTensors stored)
    {
        Length = 0;
        long[] shape = [_keys.shape[0], _keys.shape[1], tokens, _keys.shape[3]];
        Append(stored("keys", _keys.dtype, shape), stored("values", _values.dtype, shape));
    }

    /// <inheritdoc/>
    public override void Reset() => Length = 0;

    /// <inheritdoc/>
    public override void Dispose()
    {
        _keys.Dispose();
        _values.Dispose();
    }
}
