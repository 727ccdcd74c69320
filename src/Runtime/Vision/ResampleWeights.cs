namespace MmMamba.Runtime.Vision;

/// <summary>
/// What each pixel of a resized line is made of: a run of source pixels and their weights in 22-bit fixed point. The kernel is the
/// cubic of Keys with a = -0.5; shrinking stretches it over as many source pixels as one target pixel covers (antialiasing).
/// </summary>
sealed class ResampleWeights
{
    /// <summary>Bits behind the point of a weight.</summary>
    public const int FractionBits = 22;

    const double A = -0.5, Radius = 2.0;

    readonly int[] _first, _count, _weights;
    readonly int _most;

    /// <param name="from">Source pixels of a line.</param>
    /// <param name="to">Target pixels of a line.</param>
    public ResampleWeights(int from, int to)
    {
        var scale = (double)from / to;
        var stretch = Math.Max(scale, 1.0);
        var radius = Radius * stretch;
        _most = (int)Math.Ceiling(radius) * 2 + 1;
        (_first, _count, _weights) = (new int[to], new int[to], new int[checked(to * _most)]);
        Span<double> exact = _most <= 256 ? stackalloc double[_most] : new double[_most];
        for (var target = 0; target < to; target++)
        {
            var center = (target + 0.5) * scale;
            var first = Math.Max((int)(center - radius + 0.5), 0);
            var count = Math.Min((int)(center + radius + 0.5), from) - first;
            var sum = 0.0;
            for (var i = 0; i < count; i++) sum += exact[i] = Kernel((first + i - center + 0.5) / stretch);
            for (var i = 0; i < count; i++)
                _weights[target * _most + i] = FixedPoint(sum == 0 ? exact[i] : exact[i] / sum);
            (_first[target], _count[target]) = (first, count);
        }
    }

    /// <summary>First source pixel of a target pixel.</summary>
    public int First(int target) => _first[target];

    /// <summary>Weights of the source pixels from <see cref="First"/> on.</summary>
    public ReadOnlySpan<int> Of(int target) => _weights.AsSpan(target * _most, _count[target]);

    static double Kernel(double x)
    {
        x = Math.Abs(x);
        if (x < 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
    }

    // Halves go away from zero.
    static int FixedPoint(double weight) => (int)(weight * (1 << FractionBits) + (weight < 0 ? -0.5 : 0.5));
}
