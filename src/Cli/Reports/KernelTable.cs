using System.Globalization;
using MmMamba.Runtime.Generation;

namespace MmMamba.Cli.Reports;

/// <summary>The kernels of a decoded token or of a pass over a prompt, a line each.</summary>
static class KernelTable
{
    /// <summary>The lines, indented below their model's; operations where they are counted of any kernel. The last kernel is the whole, whose time the shares are of.</summary>
    public static string Of(IReadOnlyList<KernelTime> kernels)
    {
        var (whole, counted) = (kernels[^1].Microseconds, kernels.Any(kernel => kernel.Flops > 0));
        return string.Concat(kernels
            .Select(kernel => Line(
                kernel.Name,
                [
                    Number(kernel.Times, "0"), Number(kernel.Microseconds, "#,0.0"), Number(100 * kernel.Times * kernel.Microseconds / whole, "0.0"),
                    // A byte in a microsecond is 1e-3 GB/s, an operation 1e-6 TFLOP/s.
                    .. Rate(kernel.Bytes, 1e-6, "#,0.0", kernel.Microseconds, 1e-3, "#,0"), .. counted ? Rate(kernel.Flops, 1e-9, "#,0.0", kernel.Microseconds, 1e-6, "#,0.0") : [],
                ]))
            .Prepend(Line("kernel", ["times", "us", "%", "MB", "GB/s", .. counted ? (string[])["GFLOP", "TFLOP/s"] : []])));
    }

    static string[] Rate(long work, double unit, string format, double microseconds, double rate, string rateFormat) =>
        work == 0 ? ["", ""] : [Number(work * unit, format), Number(work / microseconds * rate, rateFormat)];

    static string Line(string name, params string[] cells) => $"  {name,-24}{string.Concat(cells.Select(cell => cell.PadLeft(10))).TrimEnd()}\n";

    static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
