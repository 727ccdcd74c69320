using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Caching;

/// <summary>
/// Keys and values of a sliding-window layer: a ring in which the n-th real token of a sequence, from 0, has the place n mod <see cref="Size"/>.
/// </summary>
public sealed class WindowCache : LayerCache
{
    readonly Tensor _keys, _values;
    readonly bool _slides;
    long _length;

    /// <param name="batch">Sequences.</param>
    /// <param name="kvHeads">Key and value heads.</param>
    /// <param name="window">Tokens that a query sees.</param>
    /// <param name="maxTokens">Tokens that there will be; the window's are enough to fit.</param>
    /// <param name="headDim">Width of a head.</param>
    public WindowCache(int batch, int kvHeads, int window, int maxTokens, int headDim, Device device, ScalarType dtype)
    {
        using var guard = no_grad();
        _slides = window <= maxTokens;
        long[] shape = [batch, kvHeads, Math.Min(window, maxTokens), headDim];
        _keys = zeros(shape, dtype, device).DetachFromDisposeScope();
        _values = zeros(shape, dtype, device).DetachFromDisposeScope();
    }

    /// <summary>Tokens that fit.</summary>
    public long Size => _keys.shape[2];

    /// <summary>Places that are taken in some sequence of the batch: all, once it has seen as many tokens.</summary>
    public long Held => Math.Min(_length, Size);

    /// <summary>Rotated keys (B, kv heads, Held, head dim) by place: a view of the ring, for the caller to dispose.</summary>
    public Tensor Keys => _keys.narrow(2, 0, Held);

    /// <summary>Values (B, kv heads, Held, head dim) by place: a view of the ring, for the caller to dispose.</summary>
    public Tensor Values => _values.narrow(2, 0, Held);

    /// <inheritdoc/>
    public override long Bytes => (_keys.numel() + _values.numel()) * _keys.element_size();

    /// <summary>Which token has each place after so many real ones (B or 1, 1): (B or 1, Size), below 0 where the place is free.</summary>
    internal Tensor Numbers(Tensor count)
    {
        using var scope = NewDisposeScope();
        var last = count.sub(HeldNumber.Of(1));
        return (last - (last - Places).remainder(HeldNumber.Of(Size))).MoveToOuterDisposeScope();
    }

    Tensor Places => HeldNumber.Range(0, Size, _keys.device).unsqueeze(0);

    /// <summary>The buffers themselves (B, kv heads, Size, head dim).</summary>
    internal (Tensor Keys, Tensor Values) Buffers => (_keys, _values);

    /// <summary>Counts one more token of each sequence, all of whose tokens are real, whose key and value somebody else puts into the buffers.</summary>
    /// <returns>Its place.</returns>
    internal long Advance()
    {
        Grow(1);
        return (_length - 1) % Size;
    }

    /// <summary>Takes up one more token of each sequence, all of whose tokens are real: keys and values (B, kv heads, 1, head dim).</summary>
    internal void Append(Tensor keys, Tensor values)
    {
        using var scope = NewDisposeScope();
        var place = Advance();
        _keys.narrow(2, place, 1).copy_(keys);
        _values.narrow(2, place, 1).copy_(values);
    }

    /// <summary>Takes up keys and values of T tokens, each (B, kv heads, T, head dim), as far as they are real and none of them is pushed out again.</summary>
    /// <param name="before">Real tokens of each sequence before them (B or 1, 1).</param>
    /// <param name="after">Real tokens with them; pads among them stand on the right.</param>
    internal void Append(Tensor keys, Tensor values, Tensor before, Tensor after)
    {
        using var scope = NewDisposeScope();
        Grow(keys.shape[2]);
        var numbers = Numbers(after);
        // A place keeps what it has, or takes the token of its number.
        var source = where(numbers.lt(before), Places, (numbers - before).add(HeldNumber.Of(Size), HeldNumber.Of(1))).view(-1, 1, Size, 1).expand(_keys.shape);
        _keys.copy_(cat([_keys, keys], 2).gather(2, source));
        _values.copy_(cat([_values, values], 2).gather(2, source));
    }

    // A ring shorter than the window would forget tokens that are still to be seen.
    void Grow(long tokens)
    {
        if (!_slides) RequireRoom(Size, _length + tokens);
        _length += tokens;
    }

    /// <inheritdoc/>
    internal override CacheMark Mark()
    {
        var (length, keys, values) = (_length, CacheMark.Copy(_keys), CacheMark.Copy(_values));
        return new(
            () =>
            {
                _keys.copy_(keys);
                _values.copy_(values);
                _length = length;
            },
            keys, values);
    }

    /// <inheritdoc/>
    internal override IReadOnlyList<(string Name, Tensor Tensor)> Filled() => [("keys", Keys), ("values", Values)];

    /// <inheritdoc/>
    internal override void Fill(long tokens, StoredTensors stored)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        _length = 0;
        Grow(tokens);
        long[] shape = [_keys.shape[0], _keys.shape[1], Held, _keys.shape[3]];
        Keys.copy_(stored("keys", _keys.dtype, shape));
        Values.copy_(stored("values", _values.dtype, shape));
    }

    /// <inheritdoc/>
    public override void Reset() => _length = 0;

    /// <inheritdoc/>
    public override void Dispose()
    {
        _keys.Dispose();
        _values.Dispose();
    }
}
