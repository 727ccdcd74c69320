using System.Globalization;
using MmMamba.Runtime.Generation;

namespace MmMamba.Cli.Reports;

/// <summary>The kernels of a decoded token, a line each.</summary>
static class KernelTable
{
    /// <summary>The lines, indented below their model's.</summary>
    public static string Of(IEnumerable<KernelTime> kernels) => string.Concat(kernels
        .Select(kernel => Line(
            kernel.Name, Number(kernel.Times, "0"), Number(kernel.Microseconds, "#,0.0"), kernel.Bytes == 0 ? "" : Number(kernel.Bytes * 1e-6, "#,0.0"),
            // A byte in a microsecond is 1e-3 GB/s.
            kernel.Bytes == 0 ? "" : Number(kernel.Bytes / kernel.Microseconds * 1e-3, "#,0")))
        .Prepend(Line("kernel", "times", "us", "MB", "GB/s")));

    static string Line(string name, params string[] cells) => $"  {name,-24}{string.Concat(cells.Select(cell => cell.PadLeft(10)))}\n";

    static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
