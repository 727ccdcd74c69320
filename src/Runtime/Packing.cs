using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime;

/// <summary>
/// Several sequences one after the other in a row without padding. What works on a position alone (norms, projections, MLPs, heads, losses) works on that row; where
/// positions hear one another (attention, convolution, scan) the sequences are laid side by side, so that states, taps and rotary positions begin anew with each.
/// </summary>
public sealed class Packing
{
    readonly long[] _lengths, _pieces;

    /// <param name="lengths">Tokens of each sequence, at least 1.</param>
    public Packing(IReadOnlyList<long> lengths)
    {
        ArgumentOutOfRangeException.ThrowIfZero(lengths.Count);
        foreach (var length in lengths) ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        _lengths = [.. lengths];
        Length = _lengths.Max();
        Tokens = _lengths.Sum();
        // Side by side, each sequence is followed by what it lacks to the longest.
        _pieces = [.. _lengths.SelectMany(length => new[] { length, Length - length })];
    }

    /// <summary>Tokens of each sequence.</summary>
    public IReadOnlyList<long> Lengths => _lengths;

    /// <summary>Sequences, B.</summary>
    public long Sequences => _lengths.Length;

    /// <summary>Tokens of the longest sequence, T.</summary>
    public long Length { get; }

    /// <summary>Tokens of all sequences, R.</summary>
    public long Tokens { get; }

    /// <summary>Lays a row (1, R, ...) out as sequences side by side (B, T, ...), zero on the right of the shorter ones.</summary>
    public Tensor Unpack(Tensor row)
    {
        using var scope = NewDisposeScope();
        var sequences = row.squeeze(0).split(_lengths, 0);
        var rest = row.shape[2..];
        var pieces = sequences.SelectMany((sequence, i) => _lengths[i] == Length
            ? new[] { sequence }
            : [sequence, zeros([Length - _lengths[i], .. rest], row.dtype, row.device)]);
        return cat([.. pieces], 0).view([Sequences, Length, .. rest]).MoveToOuterDisposeScope();
    }

    /// <summary>Puts sequences (B, T, ...) into a row (1, R, ...); what stands on the right of the shorter ones is left out.</summary>
    public Tensor Pack(Tensor sequences)
    {
        using var scope = NewDisposeScope();
        var pieces = sequences.flatten(0, 1).split(_pieces, 0).Where((_, i) => i % 2 == 0);
        return cat([.. pieces], 0).unsqueeze(0).MoveToOuterDisposeScope();
    }

    /// <summary>True at tokens of the sequences side by side (B, T), boolean.</summary>
    internal Tensor Mask(Device device)
    {
        using var scope = NewDisposeScope();
        var lengths = tensor(_lengths, device: device).unsqueeze(1);
        return HeldNumber.Range(0, Length, device).lt(lengths).MoveToOuterDisposeScope();
    }
}
