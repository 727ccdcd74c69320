using System.Globalization;

namespace MmMamba.Cli.Reports;

/// <summary>How reports write numbers.</summary>
static class Figures
{
    /// <summary>A share as percent with one decimal, without the sign: 0.583 is 58.3.</summary>
    public static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);

    /// <summary>An interval in percent: 55.1-61.4.</summary>
    public static string Interval(Estimate estimate) => $"{Percent(estimate.Low)}\u2013{Percent(estimate.High)}";

    /// <summary>A recovered share with its sign, or a dash where there is none.</summary>
    public static string Recovered(double? share) => share is { } value ? Percent(value) + " %" : "\u2013";

    /// <summary>A loss with four significant digits.</summary>
    public static string Loss(double loss) => loss.ToString("G4", CultureInfo.InvariantCulture);
}
