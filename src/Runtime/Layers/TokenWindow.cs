using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Layers;

/// <summary>
/// The T tokens that a pass computes: where they stand and which earlier tokens they see. Layers of one pass share it, so that
/// angles and masks are made once; it keeps them until it is disposed.
/// </summary>
public sealed class TokenWindow : IDisposable
{
    readonly Tensor? _positions, _real;
    readonly Device _device;
    readonly Dictionary<(RotaryEmbedding, ScalarType), RotaryAngles> _angles = [];
    Tensor? _visible;

    /// <param name="length">Tokens of this pass, T.</param>
    /// <param name="past">Tokens before them in the cache.</param>
    /// <param name="positions">Positions (B, T), int64; null is past, past + 1, ...</param>
    /// <param name="mask">True at real tokens of this pass (B, T), boolean; null where all are.</param>
    /// <param name="real">True at real tokens of past and pass together (B, past + T); null where all are.</param>
    public TokenWindow(long length, Device device, long past = 0, Tensor? positions = null, Tensor? mask = null, Tensor? real = null)
    {
        (Length, Past, Mask) = (length, past, mask);
        (_device, _positions, _real) = (device, positions, real);
    }

    /// <summary>A pass over sequences that stand in one row; where they hear one another they are side by side (B, T).</summary>
    internal TokenWindow(Packing packing, Device device) : this(packing.Length, device, real: packing.Mask(device)) => Packing = packing;

    /// <summary>Where sequences begin, if they stand in one row; null otherwise.</summary>
    internal Packing? Packing { get; }

    /// <summary>What a row holds of the sequences, side by side; x itself where they are.</summary>
    internal Tensor Unpacked(Tensor x) => Packing?.Unpack(x) ?? x;

    /// <summary>The opposite of <see cref="Unpacked"/>.</summary>
    internal Tensor Packed(Tensor x) => Packing?.Pack(x) ?? x;

    /// <summary>Tokens of this pass.</summary>
    public long Length { get; }

    /// <summary>Tokens before it.</summary>
    public long Past { get; }

    /// <summary>True at real tokens of this pass (B, T); null where all are.</summary>
    public Tensor? Mask { get; }

    /// <summary>Whether no token of past and pass is a pad, as far as past is known.</summary>
    internal bool AllReal => _real is null;

    /// <summary>Real tokens among the first so many of past and pass (B or 1, 1), for the caller to dispose.</summary>
    internal Tensor Seen(long tokens) => _real is null
        ? full([1, 1], HeldNumber.Of(tokens), ScalarType.Int64, _device)
        : _real.narrow(1, 0, tokens).sum(1, keepdim: true, type: ScalarType.Int64);

    /// <summary>Whether plain causal attention over this pass is all there is: pads stand on the right, where no real token looks.</summary>
    internal bool IsCausalAlone => Past == 0;

    /// <summary>Which keys each query sees, broadcastable to (B, heads, T, past + T); null where that needs no mask.</summary>
    internal Tensor? VisibleKeys()
    {
        if (IsCausalAlone || (Length == 1 && _real is null)) return null;
        if (_visible is not null) return _visible;
        using var scope = NewDisposeScope();
        var total = Past + Length;
        var visible = ones([Length, total], ScalarType.Bool, _device).tril(Past);
        if (_real is not null)
        {
            // A pad sees itself at least: where a query saw nothing, softmax would have no value.
            var itself = eye(Length, total, ScalarType.Bool, _device).roll(Past, 1);
            visible = visible.logical_and(_real.view(-1, 1, 1, total)).logical_or(itself);
        }
        return _visible = visible.DetachFromDisposeScope();
    }

    internal RotaryAngles Angles(RotaryEmbedding rotary, ScalarType dtype)
    {
        if (_angles.TryGetValue((rotary, dtype), out var angles)) return angles;
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var positions = _positions ?? HeldNumber.Range(Past, Past + Length, _device).unsqueeze(0);
        angles = rotary.Angles(positions, Past + Length, dtype, _real is null ? null : Seen(Past + Length));
        angles.Cos.DetachFromDisposeScope();
        angles.SignedSin.DetachFromDisposeScope();
        return _angles[(rotary, dtype)] = angles;
    }

    /// <summary>Frees angles and masks; the tensors that the window was given stay the giver's.</summary>
    public void Dispose()
    {
        if (Packing is not null) _real!.Dispose();
        _visible?.Dispose();
        foreach (var angles in _angles.Values)
        {
            angles.Cos.Dispose();
            angles.SignedSin.Dispose();
        }
    }
}
