using System.Globalization;
using System.Text;

namespace MmMamba.Generators.Emit;

/// <summary>Values as C# writes them. Text of a spec enters generated code through here only, so none of it can become code.</summary>
static class Literal
{
    public static string Of(string? text)
    {
        if (text is null) return "null";
        var literal = new StringBuilder("\"");
        foreach (var c in text)
            literal.Append(c switch
            {
                '"' => "\\\"",
                '\\' => @"\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ when c is < ' ' or > '~' && !char.IsLetterOrDigit(c) => "\\u" + ((int)c).ToString("x4", CultureInfo.InvariantCulture),
                _ => c.ToString(),
            });
        return literal.Append('"').ToString();
    }

    /// <summary>A character of a strip.</summary>
    public static string Of(char mark) => $"'{mark}'";

    public static string Of(bool value) => value ? "true" : "false";

    public static string Of(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>With a separator every three digits: <c>2_708_076_288</c>.</summary>
    public static string Of(long value) => value.ToString("#,0", GroupedByUnderscore);

    /// <summary>The shortest form of a number that becomes a double: 1.0e-5 and 0.000010 are both <c>0.00001</c>.</summary>
    public static string Of(decimal value)
    {
        var digits = value.ToString("0.############################", CultureInfo.InvariantCulture);
        return digits.Length > 18 && !digits.Contains('.') ? digits + ".0" : digits; // too long for an integer
    }

    public static string Of(decimal? value) => value is { } number ? Of(number) : "null";

    /// <summary>A member of an enumeration; the language's and the engine's have the same names.</summary>
    public static string Of<T>(T member) where T : struct, Enum => $"{typeof(T).Name}.{member}";

    public static string List<T>(IEnumerable<T> items, Func<T, string> literal) => $"[{string.Join(", ", items.Select(literal))}]";

    static NumberFormatInfo GroupedByUnderscore { get; } = new() { NumberGroupSeparator = "_", NumberGroupSizes = [3], NegativeSign = "-" };
}
