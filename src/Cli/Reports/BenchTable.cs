using System.Globalization;
using MmMamba.Cli.Benchmarks;

namespace MmMamba.Cli.Reports;

/// <summary>Figures of models as lines of aligned columns, so that each can be shown as soon as it is there.</summary>
static class BenchTable
{
    const double GiB = 1L << 30;

    /// <summary>The names of the columns.</summary>
    /// <param name="name">Width of the first column.</param>
    public static string Header(BenchKind kind, int name) => Line(name, ["model", "length", .. kind switch
    {
        BenchKind.Decode => (string[])["ms/token", "least", "greatest", "tokens/s", "GB/s"],
        BenchKind.Prefill => ["ms", "least", "greatest", "tokens/s", "TFLOP/s"],
        BenchKind.Answer => ["ms", "least", "greatest", "tokens/s"],
        _ => ["held, GiB", "decoding", "peak"],
    }]);

    /// <summary>A model's figures at a length.</summary>
    public static string Row(BenchDocument document, BenchModel model, BenchRow row, int name) =>
        Line(name, [Printable.Line(model.Model), Number(row.Length, "#,0"), .. row.Memory is { } memory ? Memory(memory) : Times(document, row)]);

    static IEnumerable<string> Times(BenchDocument document, BenchRow row)
    {
        var median = row.MedianMs!.Value;
        var tokens = (double)document.Batch * document.Kind switch { BenchKind.Decode => 1, BenchKind.Prefill => row.Length, _ => document.Tokens };
        yield return Number(median, "#,0.00");
        yield return Number(row.Ms.Min(), "#,0.00");
        yield return Number(row.Ms.Max(), "#,0.00");
        yield return Number(1000 * tokens / median, "#,0");
        // A byte in a millisecond is 1e-6 GB/s, an operation 1e-9 TFLOP/s.
        if (row.Work is { } work) yield return Number((double)work / median * (document.Kind == BenchKind.Decode ? 1e-6 : 1e-9), "#,0.00");
    }

    static IEnumerable<string> Memory(BenchMemory memory)
    {
        yield return Number(memory.Predicted / GiB, "0.000");
        yield return memory.Decoding is { } decoding ? Number(decoding / GiB, "0.000") : "unknown";
        yield return memory.Peak is { } peak ? Number(peak / GiB, "0.000") : "unknown";
    }

    static string Line(int name, IEnumerable<string> cells) => string.Join("  ", cells.Select((cell, i) => i == 0 ? cell.PadRight(name) : cell.PadLeft(10)));

    static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
