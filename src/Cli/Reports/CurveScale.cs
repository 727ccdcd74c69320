using System.Globalization;

namespace MmMamba.Cli.Reports;

/// <param name="Value">Where it stands.</param>
/// <param name="Label">What it says.</param>
readonly record struct Tick(double Value, string Label);

/// <summary>An axis: maps values to 0..1, linearly or by logarithm, and knows round values to mark.</summary>
sealed class CurveScale
{
    readonly double _low;
    readonly double _high;

    CurveScale(double low, double high, bool isLogarithmic, IReadOnlyList<Tick> ticks) =>
        (_low, _high, IsLogarithmic, Ticks) = (low, high, isLogarithmic, ticks);

    /// <summary>Whether equal distances are equal ratios.</summary>
    public bool IsLogarithmic { get; }

    /// <summary>Round values on the axis, ascending.</summary>
    public IReadOnlyList<Tick> Ticks { get; }

    /// <summary>0 at the axis's low end, 1 at its high end.</summary>
    public double At(double value) => IsLogarithmic
        ? (Math.Log(value) - Math.Log(_low)) / (Math.Log(_high) - Math.Log(_low))
        : (value - _low) / (_high - _low);

    /// <summary>An axis for losses: logarithmic if they are positive and span more than a factor of 20.</summary>
    /// <param name="low">Smallest value, finite.</param>
    /// <param name="high">Largest value, finite, not below <paramref name="low"/>.</param>
    public static CurveScale ForLoss(double low, double high) => low > 0 && high > 20 * low ? Logarithmic(low, high) : Linear(low, high);

    /// <summary>A linear axis whose ends are round values.</summary>
    public static CurveScale Linear(double low, double high, int wanted = 5)
    {
        if (!(high - low > 1e-12 * Math.Max(Math.Abs(low), Math.Abs(high))))
        {
            var room = low == 0 ? 1 : Math.Abs(low) / 2;
            (low, high) = (low - room, high + room);
        }
        var step = Round((high - low) / wanted);
        var (first, last) = ((long)Math.Floor(low / step + 1e-9), (long)Math.Ceiling(high / step - 1e-9));
        var ticks = new List<Tick>();
        for (var i = first; i <= last; i++)
            ticks.Add(new(i * step, Label(i * step)));
        return new(first * step, last * step, false, ticks);
    }

    /// <summary>An axis of steps, which starts and ends with the data.</summary>
    public static CurveScale ForSteps(int first, int last)
    {
        if (first == last)
            return new(first - 1, last + 1, false, [new(first, Label(first))]);
        var step = Math.Max(1, Round((last - first) / 6.0));
        var ticks = new List<Tick>();
        for (var value = Math.Ceiling(first / step) * step; value <= last; value += step)
            ticks.Add(new(value, Label(value)));
        return new(first, last, false, ticks);
    }

    static CurveScale Logarithmic(double low, double high)
    {
        int[] leading = high / low > 1e3 ? [1] : [1, 2, 5];
        var ticks = new List<Tick>();
        for (var decade = (int)Math.Floor(Math.Log10(low)); decade <= (int)Math.Ceiling(Math.Log10(high)); decade++)
            foreach (var digit in leading)
                if (digit * Math.Pow(10, decade) is var value && value >= low * 0.999 && value <= high * 1.001)
                    ticks.Add(new(value, Label(value)));
        // No more than eight: of many decades every second, third... is marked.
        var every = (ticks.Count + 7) / 8;
        return new(low, high, true, [.. ticks.Where((_, i) => i % every == 0)]);
    }

    // The largest of 1, 2, 5 times a power of ten that is not above twice the value: steps of an axis.
    static double Round(double value)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return (value / power) switch { <= 1.5 => 1, <= 3.5 => 2, <= 7.5 => 5, _ => 10 } * power;
    }

    static string Label(double value) => Math.Abs(value) switch
    {
        0 => "0",
        >= 1e-3 and < 1e6 => Math.Round(value, 6).ToString("0.######", CultureInfo.InvariantCulture),
        _ => value.ToString("0.##e0", CultureInfo.InvariantCulture),
    };
}
