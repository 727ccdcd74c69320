namespace MmMamba.Runtime.Evaluation;

/// <summary>A share of successes with its 95 % interval after Wilson (1927), which stays inside 0 to 1 and is sound for few trials.</summary>
/// <param name="Successes">Successes, 0 to <paramref name="Trials"/>.</param>
/// <param name="Trials">Trials.</param>
public readonly record struct Proportion(long Successes, long Trials)
{
    const double Z = 1.959963984540054;

    /// <summary>The share, 0 to 1; 0 without trials.</summary>
    public double Value => Trials == 0 ? 0 : (double)Successes / Trials;

    /// <summary>Lower end of the interval; 0 without trials.</summary>
    public double Low => Trials == 0 ? 0 : Math.Max(0, Centre - HalfWidth);

    /// <summary>Upper end of the interval; 1 without trials.</summary>
    public double High => Trials == 0 ? 1 : Math.Min(1, Centre + HalfWidth);

    double Centre => (Value + Z * Z / (2 * Trials)) / (1 + Z * Z / Trials);

    double HalfWidth => Z * Math.Sqrt(Value * (1 - Value) / Trials + Z * Z / (4.0 * Trials * Trials)) / (1 + Z * Z / Trials);
}
