using System.Globalization;

namespace MmMamba.ModelDsl.Syntax;

/// <summary>
/// Types plain scalars by the core schema of YAML 1.2. The older schema's surprises are gone: <c>no</c>, <c>on</c> and <c>12:30</c>
/// are text, and <c>010</c> is ten.
/// </summary>
public static class PlainScalar
{
    /// <summary>Significant digits, and digits before or after the point, that a number may have: what a decimal holds exactly.</summary>
    public const int MaxDigits = 28;

    /// <summary>The kind of a plain scalar, and the canonical decimal text of a number.</summary>
    public static (ScalarKind Kind, string? Number) Type(string text)
    {
        switch (text)
        {
            case "": return (ScalarKind.Empty, null);
            case "~" or "null" or "Null" or "NULL": return (ScalarKind.Null, null);
            case "true" or "True" or "TRUE" or "false" or "False" or "FALSE": return (ScalarKind.Boolean, null);
            case ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF" or "-.inf" or "-.Inf" or "-.INF" or ".nan" or ".NaN" or ".NAN":
                return (ScalarKind.Float, null);
        }
        if (text.StartsWith("0x", StringComparison.Ordinal) && text.Length > 2) return Radix(text, 16);
        if (text.StartsWith("0o", StringComparison.Ordinal) && text.Length > 2) return Radix(text, 8);
        return Decimal(text);
    }

    /// <summary>The canonical decimal text of a number in decimal notation; null where it isn't one or has too many digits.</summary>
    public static string? Canonical(string text) => Decimal(text).Number;

    static (ScalarKind, string?) Radix(string text, int radix)
    {
        ulong value = 0;
        var fits = true;
        for (var i = 2; i < text.Length; i++)
        {
            var digit = text[i] switch
            {
                >= '0' and <= '9' => text[i] - '0',
                >= 'a' and <= 'f' => text[i] - 'a' + 10,
                >= 'A' and <= 'F' => text[i] - 'A' + 10,
                _ => radix,
            };
            if (digit >= radix) return (ScalarKind.Text, null);
            fits &= value >> 59 == 0;
            value = unchecked(value * (ulong)radix + (ulong)digit);
        }
        return (ScalarKind.Integer, fits ? value.ToString(CultureInfo.InvariantCulture) : null);
    }

    // [-+]? ( . digits | digits ( . digits? )? ) ( [eE] [-+]? digits )?
    static (ScalarKind Kind, string? Number) Decimal(string text)
    {
        var i = 0;
        var negative = i < text.Length && text[i] == '-';
        if (i < text.Length && text[i] is '-' or '+') i++;

        var whole = Digits(text, ref i);
        var fraction = "";
        var point = i < text.Length && text[i] == '.';
        if (point)
        {
            i++;
            fraction = Digits(text, ref i);
        }
        if (whole.Length + fraction.Length == 0) return (ScalarKind.Text, null);

        var exponent = 0;
        var scientific = i < text.Length && text[i] is 'e' or 'E';
        if (scientific)
        {
            i++;
            var down = i < text.Length && text[i] == '-';
            if (i < text.Length && text[i] is '-' or '+') i++;
            var power = Digits(text, ref i);
            if (power.Length == 0) return (ScalarKind.Text, null);
            power = power.TrimStart('0');
            // Beyond four digits the number is out of every range anyway; the sum below stays an int.
            exponent = power.Length == 0 ? 0 : power.Length > 4 ? 99_999_999 : int.Parse(power, NumberStyles.None, CultureInfo.InvariantCulture);
            if (down) exponent = -exponent;
        }
        if (i != text.Length) return (ScalarKind.Text, null);
        return (point || scientific ? ScalarKind.Float : ScalarKind.Integer, Normalise(negative, whole, fraction, exponent));
    }

    static string Digits(string text, ref int i)
    {
        var start = i;
        while (i < text.Length && text[i] is >= '0' and <= '9') i++;
        return text.Substring(start, i - start);
    }

    static string? Normalise(bool negative, string whole, string fraction, int exponent)
    {
        var places = fraction.Length - exponent;
        var digits = (whole + fraction).TrimStart('0');
        var significant = digits.TrimEnd('0');
        if (significant.Length == 0) return "0";
        places -= digits.Length - significant.Length;

        // The number is now `significant` times 10 to the power of -places.
        if (significant.Length > MaxDigits || places > MaxDigits || significant.Length - places > MaxDigits) return null;
        var sign = negative ? "-" : "";
        if (places <= 0) return sign + significant + new string('0', -places);
        return significant.Length > places
            ? sign + significant.Substring(0, significant.Length - places) + "." + significant.Substring(significant.Length - places)
            : sign + "0." + new string('0', places - significant.Length) + significant;
    }
}
