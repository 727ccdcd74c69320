using System.Globalization;

namespace MmMamba.Tests;

/// <summary>Cultures in which numbers, letters and dates are unlike the invariant one's.</summary>
static class Cultures
{
    public static TheoryData<string> Names => ["tr-TR", "sv-SE", "fa-IR", "ar-SA"];

    /// <summary>Runs something under a culture.</summary>
    public static void Under(string name, Action action)
    {
        var (culture, ui) = (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture);
        CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = Of(name);
        try
        {
            action();
        }
        finally
        {
            (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = (culture, ui);
        }
    }

    // Where the host has no data of cultures, numbers at least are written as there.
    static CultureInfo Of(string name)
    {
        try
        {
            return CultureInfo.GetCultureInfo(name);
        }
        catch (CultureNotFoundException)
        {
            var made = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            (made.NumberFormat.NumberDecimalSeparator, made.NumberFormat.NumberGroupSeparator, made.NumberFormat.NegativeSign) =
                name[..2] is "fa" or "ar" ? ("\u066B", "\u066C", "\u200E-") : (",", "\u00A0", "\u2212");
            return made;
        }
    }
}
