using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Layers;

/// <summary>
/// Rotary positions in the rotate-half form: channels i and i + d/2 are turned by position * theta^(-2i/d). Past
/// <see cref="MaxPositions"/> the base grows with the length where a dynamic factor is given (dynamic NTK). Equal by value.
/// </summary>
/// <param name="HeadDim">Width d of a head.</param>
/// <param name="Theta">Base of the wavelengths.</param>
/// <param name="MaxPositions">Length up to which the base is <paramref name="Theta"/>.</param>
/// <param name="DynamicFactor">Factor of the growth; null keeps the base.</param>
public sealed record RotaryEmbedding(int HeadDim, double Theta, int MaxPositions, double? DynamicFactor)
{
    /// <param name="positions">(B or 1, T), int64.</param>
    /// <param name="length">Tokens of the whole pass so far, pads counted.</param>
    /// <param name="dtype">Type of the result; the angles themselves are float32.</param>
    /// <param name="real">Tokens of each sequence so far, its pads left out (B, 1), int64; null where none has any.</param>
    internal RotaryAngles Angles(Tensor positions, long length, ScalarType dtype, Tensor? real = null)
    {
        using var scope = NewDisposeScope();
        var angles = positions.to(ScalarType.Float32).unsqueeze(-1) * Frequencies(positions.device, length, real); // (B, T, d/2)
        var (cos, sin) = (angles.cos(), angles.sin());
        return new(
            cat([cos, cos], -1).to(dtype).MoveToOuterDisposeScope(),
            cat([sin.neg(), sin], -1).to(dtype).MoveToOuterDisposeScope());
    }

    /// <summary>Radians that a position turns each pair of channels by, after so many tokens (d/2).</summary>
    internal float[] Frequencies(long length)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        return Frequencies(CPU, length, null).flatten().data<float>().ToArray();
    }

    /// <summary>Whether the base is another one at every length from this one on.</summary>
    internal bool Grows(long length) => DynamicFactor is not null && length > MaxPositions;

    // (d/2), or (B or 1, 1, d/2) where they depend on the length.
    Tensor Frequencies(Device device, long length, Tensor? real)
    {
        var exponents = arange(HeldNumber.Of(0), HeldNumber.Of(HeadDim), HeldNumber.Of(2), ScalarType.Float32, device).div(HeldNumber.Of(HeadDim));
        var wavelengths = Grows(length)
            ? Grown(real ?? full([1, 1], HeldNumber.Of(length), ScalarType.Int64, device), DynamicFactor!.Value).to(ScalarType.Float32).unsqueeze(-1).pow(exponents)
            : pow((float)Theta, exponents);
        return wavelengths.reciprocal();
    }

    // The base of each sequence by its own length, so that its neighbours in a batch don't matter.
    Tensor Grown(Tensor lengths, double factor)
    {
        var past = lengths.clamp_min(HeldNumber.Of(MaxPositions)).to(ScalarType.Float64);
        return past.mul(HeldNumber.Of(factor)).div(HeldNumber.Of(MaxPositions)).sub(HeldNumber.Of(factor - 1)).pow(HeldNumber.Of(HeadDim / (HeadDim - 2.0))).mul(HeldNumber.Of(Theta));
    }
}

/// <param name="Cos">Cosines (B or 1, T, d).</param>
/// <param name="SignedSin">Sines (B or 1, T, d), those of the first half negated.</param>
readonly record struct RotaryAngles(Tensor Cos, Tensor SignedSin)
{
    /// <summary>Turns heads: x (B, T, ..., d) with two dimensions of heads between.</summary>
    public Tensor Rotate(Tensor x)
    {
        using var scope = NewDisposeScope();
        var (cos, sin) = (Cos.unsqueeze(2).unsqueeze(2), SignedSin.unsqueeze(2).unsqueeze(2));
        var swapped = x.roll(x.shape[^1] / 2, -1);
        return addcmul(x * cos, swapped, sin, HeldNumber.Of(1)).MoveToOuterDisposeScope();
    }
}
