using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Layers;

/// <summary>
/// The residual stream (B, T, H) on its way through the layers. What a layer adds to it waits for whoever reads it next: most often a norm, which then adds and norms at once.
/// </summary>
/// <param name="x">What enters; the handle is the stream's from now on.</param>
/// <param name="own">Whether the memory of what enters may be written over where no gradient is recorded.</param>
/// <param name="shown">Whether somebody is shown it between layers: then nothing is written over.</param>
sealed class ResidualStream(Tensor x, bool own, bool shown) : IDisposable
{
    readonly bool _shown = shown;
    Tensor _x = x.DetachFromDisposeScope();
    Tensor? _added;
    bool _own = own && !shown, _taken;

    /// <summary>Adds what a layer gave (B, T, H), a tensor of the caller's, whose handle is the stream's from now on.</summary>
    public void Add(Tensor added)
    {
        _ = Value;
        _added = added.DetachFromDisposeScope();
    }

    /// <summary>Its norm (B, T, H), for the caller to dispose.</summary>
    public Tensor Normed(RmsNorm norm)
    {
        if (_added is null) return norm.Forward(_x);
        var (sum, normed) = norm.Add(_x, _added, _own);
        Become(sum);
        return normed;
    }

    /// <summary>The same, where nobody asks for the stream any more.</summary>
    public Tensor NormedLast(RmsNorm norm)
    {
        if (_added is null) return norm.Forward(_x);
        var (sum, normed) = norm.Add(_x, _added, _own, last: true);
        if (!ReferenceEquals(sum, _x)) sum.Dispose();
        return normed;
    }

    /// <summary>The stream itself, all additions made; it lives until the next one is.</summary>
    public Tensor Value
    {
        get
        {
            if (_added is not null) Become(_own ? InPlace.Add(_x, _added) : _x.Plus(_added));
            return _x;
        }
    }

    /// <summary>Goes on with some positions alone: (1, n, H).</summary>
    /// <param name="positions">Of all sequences, one behind the other (n), int64.</param>
    public void Keep(Tensor positions)
    {
        var kept = Some(Value, positions);
        _x.Dispose();
        (_x, _own) = (kept.DetachFromDisposeScope(), !_shown);
    }

    /// <summary>Some positions (1, n, ...) of all (B, T, ...).</summary>
    public static Tensor Some(Tensor all, Tensor positions)
    {
        using var scope = NewDisposeScope();
        return all.flatten(0, 1).index_select(0, positions).unsqueeze(0).MoveToOuterDisposeScope();
    }

    /// <summary>The stream itself, for the caller to dispose; nothing is done with this object any more.</summary>
    public Tensor Take()
    {
        var value = Value;
        _taken = true;
        return value;
    }

    void Become(Tensor sum)
    {
        _added!.Dispose();
        _added = null;
        if (ReferenceEquals(sum, _x)) return;
        _x.Dispose();
        _x = sum.DetachFromDisposeScope();
        _own = !_shown;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_taken) _x.Dispose();
        _added?.Dispose();
    }
}
