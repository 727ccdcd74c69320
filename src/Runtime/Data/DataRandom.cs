namespace MmMamba.Runtime.Data;

/// <summary>
/// SplitMix64 (Steele, Lea and Flood, 2014) keyed by a list of numbers: sample i of a stream needs none of the samples before it,
/// and its draws are the same on every host.
/// </summary>
struct DataRandom
{
    const ulong Golden = 0x9E3779B97F4A7C15;
    ulong _state;

    /// <summary>The stream of one key.</summary>
    public DataRandom(params ReadOnlySpan<ulong> key)
    {
        _state = Golden;
        foreach (var part in key) _state = Mix(_state ^ Mix(part + Golden));
    }

    /// <summary>64 uniform bits.</summary>
    public ulong NextBits() => Mix(_state += Golden);

    /// <summary>A uniform integer in [0, <paramref name="bound"/>).</summary>
    public int Next(int bound) => (int)Math.BigMul(NextBits(), (ulong)bound, out _);

    /// <summary>A uniform integer in [<paramref name="low"/>, <paramref name="high"/>].</summary>
    public int Next(int low, int high) => low + Next(high - low + 1);

    /// <summary>A uniform number in [0, 1).</summary>
    public double NextDouble() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A uniform number in [<paramref name="low"/>, <paramref name="high"/>).</summary>
    public float Next(float low, float high) => low + (high - low) * (float)NextDouble();

    /// <summary>True with a probability.</summary>
    public bool Chance(double probability) => NextDouble() < probability;

    /// <summary>An index drawn in proportion to the weights, whose sum is positive.</summary>
    public int Weighted(ReadOnlySpan<double> weights)
    {
        var sum = 0.0;
        foreach (var weight in weights) sum += weight;
        var left = NextDouble() * sum;
        var last = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            if (weights[i] <= 0) continue;
            last = i;
            if ((left -= weights[i]) < 0) break;
        }
        return last;
    }

    /// <summary>Brings the items into a uniformly drawn order.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>One number of 64 mixed bits: changes everywhere when any bit of the input does.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
        value = (value ^ value >> 27) * 0x94D049BB133111EB;
        return value ^ value >> 31;
    }
}
