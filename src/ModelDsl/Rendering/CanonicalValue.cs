using System.Globalization;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>Values as the canonical form writes them.</summary>
static class CanonicalValue
{
    public static string Of(decimal value) => PlainScalar.Canonical(value.ToString(CultureInfo.InvariantCulture))!;

    public static string Of(bool value) => value ? "on" : "off";

    /// <summary>Text in quotes; what YAML would break a line at, or not print, is escaped.</summary>
    public static string Quoted(string text) =>
        JsonText.String(text).Replace("\u2028", "\\u2028").Replace("\u2029", "\\u2029").Replace("\uFEFF", "\\uFEFF").Replace("\uFFFE", "\\uFFFE").Replace("\uFFFF", "\\uFFFF");
}
