using System.Globalization;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>The values that scalars hold; null where a scalar doesn't hold one.</summary>
static class Scalars
{
    /// <summary>The number, exact.</summary>
    public static decimal? Number(Node node) => node is ScalarNode { Number: { } digits }
        ? decimal.Parse(digits, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture)
        : null;

    /// <summary>The whole number, also where it is written as 2.0e3; bounded by what a long holds.</summary>
    public static long? Integer(Node node) => Number(node) is { } value && value == decimal.Truncate(value) && Math.Abs(value) <= long.MaxValue
        ? (long)value
        : null;

    /// <summary>The share, as a fraction of 1: <c>10%</c> and 0.1 are both 0.1.</summary>
    public static decimal? Fraction(Node node)
    {
        if (node is not ScalarNode scalar) return null;
        if (!scalar.Text.EndsWith("%", StringComparison.Ordinal)) return Number(scalar);
        // Two more digits than written are exact in a decimal, and bind canonically again.
        return PlainScalar.Canonical(scalar.Text.Substring(0, scalar.Text.Length - 1).TrimEnd() + "e-2") is { } digits
            ? decimal.Parse(digits, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture)
            : null;
    }

    /// <summary>Units that a size may have, with their bytes.</summary>
    public static IReadOnlyDictionary<string, long> Units { get; } = new Dictionary<string, long>(StringComparer.Ordinal)
    {
        ["B"] = 1, ["KiB"] = 1L << 10, ["MiB"] = 1L << 20, ["GiB"] = 1L << 30, ["KB"] = 1000, ["MB"] = 1_000_000, ["GB"] = 1_000_000_000,
    };

    /// <summary>The bytes of a size such as <c>4 GiB</c>, rounded down; null where there is no unit, or more than 2^60 or less than one byte.</summary>
    public static long? Bytes(Node node)
    {
        if (node is not ScalarNode { Kind: ScalarKind.Text } scalar) return null;
        var text = scalar.Text.Trim();
        var unit = text.Length;
        while (unit > 0 && text[unit - 1] is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z')) unit--;
        if (!Units.TryGetValue(text.Substring(unit), out var bytes) || PlainScalar.Canonical(text.Substring(0, unit).Trim()) is not { } digits) return null;
        var count = decimal.Parse(digits, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
        return count * bytes >= 1 && count <= (1L << 60) / bytes ? (long)(count * bytes) : null;
    }

    public static bool? Switch(Node node) => node is ScalarNode { Kind: ScalarKind.Boolean or ScalarKind.Text } scalar
        ? scalar.Text switch { "on" or "true" or "True" or "TRUE" => true, "off" or "false" or "False" or "FALSE" => false, _ => null }
        : null;

    /// <summary>Whether the scalar is the word <c>off</c> or false.</summary>
    public static bool IsOff(Node node) => Switch(node) is false;

    public static string? Word(Node node) => node is ScalarNode { Kind: ScalarKind.Text } scalar ? scalar.Text : null;

    /// <summary>The first and last index of <c>4</c> or <c>8..11</c>; long, so that nonsense is found by comparing.</summary>
    public static (long First, long Last)? Range(Node node)
    {
        if (node is not ScalarNode scalar) return null;
        if (Integer(scalar) is { } one) return (one, one);
        var dots = scalar.Text.IndexOf("..", StringComparison.Ordinal);
        if (scalar.Kind != ScalarKind.Text || dots < 0) return null;
        return Index(scalar.Text.Substring(0, dots)) is { } first && Index(scalar.Text.Substring(dots + 2)) is { } last ? (first, last) : null;
    }

    static long? Index(string text) =>
        long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : null;
}
