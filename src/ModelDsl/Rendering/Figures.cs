using System.Globalization;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>Figures as people read them.</summary>
static class Figures
{
    static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>A count with separators between thousands.</summary>
    public static string Count(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    /// <inheritdoc cref="Count(long)"/>
    public static string Count(decimal value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>Bytes in the unit that leaves one to four digits before the point.</summary>
    public static string Bytes(decimal bytes)
    {
        var (value, unit) = (bytes, 0);
        while (value >= 1024 && unit < Units.Length - 1) (value, unit) = (value / 1024, unit + 1);
        return value.ToString(unit == 0 ? "0" : "0.00", CultureInfo.InvariantCulture) + " " + Units[unit];
    }

    /// <summary>Operations in the decimal unit that leaves one to three digits before the point.</summary>
    public static string Operations(decimal operations)
    {
        string[] units = ["", "K", "M", "G", "T", "P", "E", "Z", "Y"];
        var unit = 0;
        for (; operations >= 1000 && unit < units.Length - 1; unit++) operations /= 1000;
        return operations.ToString(unit == 0 ? "0" : "0.00", CultureInfo.InvariantCulture) + " " + units[unit] + "FLOP";
    }

    public static string Percent(decimal value) => value.ToString("0.000", CultureInfo.InvariantCulture) + " %";

    /// <summary>Ascending indices, runs as <c>8..11</c>: what a placement's <c>at</c> takes.</summary>
    public static string Indices(IReadOnlyList<int> indices)
    {
        var runs = new List<string>();
        for (int first = 0, last; first < indices.Count; first = last + 1)
        {
            last = first;
            while (last + 1 < indices.Count && indices[last + 1] == indices[last] + 1) last++;
            runs.Add(last == first
                ? FormattableString.Invariant($"{indices[first]}")
                : FormattableString.Invariant($"{indices[first]}..{indices[last]}"));
        }
        return string.Join(", ", runs);
    }
}
