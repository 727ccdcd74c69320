using System.Globalization;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>Numbers as canonical decimal text: shortest digits, no exponent, no trailing zeros, the same for all spellings of a value.</summary>
static class CanonicalNumber
{
    /// <summary>The text of the binary64 nearest to a value, which is what the engine computes with.</summary>
    public static string Of(decimal value)
    {
        // Through text: the framework's own conversion from decimal is not correctly rounded.
        var nearest = double.Parse(value.ToString(CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture);
        return Plain(nearest.ToString("R", CultureInfo.InvariantCulture));
    }

    // Writes out the exponent of scientific notation, such as 1E-05.
    static string Plain(string text)
    {
        var e = text.IndexOf('E');
        if (e < 0) return text == "-0" ? "0" : text;
        var exponent = int.Parse(text.Substring(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var sign = text[0] == '-' ? "-" : "";
        var mantissa = text.Substring(sign.Length, e - sign.Length);
        var point = mantissa.IndexOf('.');
        var digits = mantissa.Replace(".", "");
        var whole = (point < 0 ? digits.Length : point) + exponent;
        return sign + (whole <= 0 ? "0." + new string('0', -whole) + digits
            : whole >= digits.Length ? digits + new string('0', whole - digits.Length)
            : digits.Substring(0, whole) + "." + digits.Substring(whole));
    }
}
