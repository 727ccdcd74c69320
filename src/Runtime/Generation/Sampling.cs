namespace MmMamba.Runtime.Generation;

/// <summary>
/// How a token is picked from logits: repetition penalty, temperature, top-k, top-p, in this order, then one draw. A temperature of 0 takes the most likely
/// token, of equals the one of least id.
/// </summary>
public sealed record Sampling
{
    /// <summary>Always the most likely token.</summary>
    public static Sampling Greedy { get; } = new();

    readonly double _temperature, _topP = 1, _repetitionPenalty = 1;
    readonly int _topK;

    /// <summary>Divides the logits; 0 is greedy, 1 the model's own distribution.</summary>
    /// <exception cref="InputException">Negative or no number.</exception>
    public double Temperature
    {
        get => _temperature;
        init => _temperature = value >= 0 && double.IsFinite(value) ? value : throw new InputException($"temperature is {Shown(value)}; expected 0 (greedy) or more");
    }

    /// <summary>Draws from that many most likely tokens; 0 from all.</summary>
    /// <exception cref="InputException">Negative.</exception>
    public int TopK
    {
        get => _topK;
        init => _topK = value >= 0 ? value : throw new InputException($"top-k is {value}; expected 0 (all tokens) or more");
    }

    /// <summary>Draws from the fewest most likely tokens that have this much of the probability together; 1 is all.</summary>
    /// <exception cref="InputException">Not above 0, or above 1.</exception>
    public double TopP
    {
        get => _topP;
        init => _topP = value is > 0 and <= 1 ? value : throw new InputException($"top-p is {Shown(value)}; expected above 0 and at most 1");
    }

    /// <summary>Divides positive logits of tokens that the sequence holds already, and multiplies negative ones; 1 leaves them (Keskar et al., 2019).</summary>
    /// <exception cref="InputException">Not above 0.</exception>
    public double RepetitionPenalty
    {
        get => _repetitionPenalty;
        init => _repetitionPenalty = value > 0 && double.IsFinite(value) ? value : throw new InputException($"repetition penalty is {Shown(value)}; expected above 0");
    }

    /// <summary>Keys the draws: the same seed, sequence and place draw the same, whatever else is in the batch.</summary>
    public ulong Seed { get; init; }

    static string Shown(double value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
