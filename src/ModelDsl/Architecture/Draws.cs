using System.Globalization;
using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>
/// The distributions that first values are drawn from. Bounds and deviations are computed in binary64, whose square root and
/// division are exact to the last bit everywhere, and kept as decimals of nine significant digits: the same text on every machine.
/// </summary>
static class Draws
{
    const double Deviation = 0.02;

    public static readonly Drawn Zero = new(Draw.Constant, 0, 0), One = new(Draw.Constant, 1, 0);

    /// <summary>
    /// The first value of a tensor in a model that learns from scratch: small normal weights, smaller ones into the residual stream.
    /// </summary>
    public static TensorOrigin Base(TensorSlot slot, ResolvedLayer? layer, int layers)
    {
        if (slot.Role == TensorRole.OutputWeight) return new Drawn(Draw.Normal, 0, Nine(Deviation / Math.Sqrt(2.0 * layers)));
        if (slot.Role == TensorRole.Weight) return new Drawn(Draw.Normal, 0, Nine(Deviation));
        return layer?.Mixer.FirstValue(slot) ?? Plain(slot.Role);
    }

    /// <summary>The first value of a tensor that Mamba-2 brings into a student (paper, Table 4).</summary>
    public static Drawn Introduced(TensorSlot slot, ResolvedMamba2 mixer, SeedSpec seed)
    {
        var mimic = seed.Kind == SeedKind.Mimic;
        return slot.Role switch
        {
            TensorRole.ConvWeight => mimic ? new(Draw.LastTap, 0, 0) : InverseRoot(mixer.Conv),
            TensorRole.ConvBias => mimic ? Zero : InverseRoot(mixer.Conv),
            TensorRole.DtBias => mimic ? new(Draw.InverseSoftplusOfLogUniform, 0.001m, 0.1m) : Zero,
            TensorRole.DecayLog => mimic ? new(Draw.Constant, seed.DecayLog, 0) : new(Draw.LogOfUniform, 1, 16),
            TensorRole.Weight when slot.Group == TensorGroup.Gate => Gate(slot.Shape),
            TensorRole.Weight when slot.Group == TensorGroup.Dt => mimic ? Zero : InverseRoot(slot.Shape[1]),
            _ => Plain(slot.Role),
        };
    }

    /// <summary>Uniform within 1 over the root of the inputs that an output sums.</summary>
    public static Drawn InverseRoot(long inputs) => Symmetric(1 / Math.Sqrt(inputs));

    // Xavier's uniform with gain 2^-2.5, whose square is 1/32.
    static Drawn Gate(EquatableArray<long> shape) => Symmetric(Math.Sqrt(6.0 / (32.0 * (shape[0] + shape[1]))));

    /// <summary>The first value of a factor or a summand that changes nothing.</summary>
    public static Drawn Plain(TensorRole role) => role switch
    {
        TensorRole.Scale => One,
        TensorRole.Bias => Zero,
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "This role's first value depends on more than the role."),
    };

    static Drawn Symmetric(double bound) { var b = Nine(bound); return new(Draw.Uniform, -b, b); }

    static decimal Nine(double value) =>
        decimal.Parse(value.ToString("E8", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture);
}
