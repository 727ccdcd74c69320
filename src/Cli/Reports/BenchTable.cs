using System.Globalization;
using MmMamba.Cli.Benchmarks;

namespace MmMamba.Cli.Reports;

/// <summary>Figures of models as lines of aligned columns, so that each can be shown as soon as it is there.</summary>
static class BenchTable
{
    const double GiB = 1L << 30;

    /// <summary>The names of the columns.</summary>
    /// <param name="name">Width of the first column.</param>
    public static string Header(BenchKind kind, int name) => Line(name, ["model", "at once", "length", .. kind switch
    {
        BenchKind.Decode => (string[])["ms/token", "least", "greatest", "tokens/s", "GB/s", "of limit, %"],
        BenchKind.Prefill => ["ms", "least", "greatest", "tokens/s", "TFLOP/s", "of limit, %"],
        BenchKind.Answer => ["s", "least", "greatest", "tokens/s", "of limit, %"],
        _ => ["held, GiB", "decoding", "peak"],
    }]);

    /// <summary>A model's figures at a length.</summary>
    public static string Row(BenchDocument document, BenchModel model, BenchRow row, int name) =>
        Line(name, [Printable.Line(model.Model), Number(row.Batch, "#,0"), Number(row.Length, "#,0"), .. row.Memory is { } memory ? Memory(memory) : Times(document, row)]);

    static IEnumerable<string> Times(BenchDocument document, BenchRow row)
    {
        var median = row.MedianMs!.Value;
        var tokens = (double)row.Batch * document.Kind switch { BenchKind.Decode => 1, BenchKind.Prefill => row.Length, _ => document.Tokens };
        var unit = document.Kind == BenchKind.Answer ? 1000 : 1;
        foreach (var time in (double[])[median, row.Ms.Min(), row.Ms.Max()]) yield return Number(time / unit, unit == 1 ? "#,0.00" : "#,0.000");
        yield return Number(1000 * tokens / median, "#,0");
        // A byte in a millisecond is 1e-6 GB/s, an operation 1e-9 TFLOP/s.
        if (row.Work is { } work) yield return Number((double)work / median * (document.Kind == BenchKind.Decode ? 1e-6 : 1e-9), "#,0.00");
        if (row.LimitMs is { } limit) yield return Number(100 * limit / median, "0.0");
    }

    /// <summary>What the machine can do at most.</summary>
    public static string Ceilings(MachineCeilings ceilings, string device) => string.Create(
        CultureInfo.InvariantCulture,
        $"measured here: a copy moves {ceilings.BytesPerSecond * 1e-9:#,0} GB/s, a {(device == "cuda" ? "bfloat16" : "float32")} product computes {ceilings.FlopsPerSecond * 1e-12:#,0.00} TFLOP/s");

    /// <summary>How much faster models write answers than the one that is named first, or than the teacher of one of them where it is there.</summary>
    public static IEnumerable<string> Ratios(BenchDocument document)
    {
        var models = document.Models;
        if (models.Count < 2) yield break;
        var reference = models.FirstOrDefault(model => models.Any(other => other.Teacher == model.Model)) ?? models[0];
        foreach (var row in reference.Rows)
        {
            var others = models.Where(model => model != reference)
                .Select(model => (model.Model, Ms: model.Rows.FirstOrDefault(other => (other.Batch, other.Length) == (row.Batch, row.Length))?.MedianMs)).Where(other => other.Ms is > 0);
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"tokens/s beside {reference.Model}, {row.Batch:#,0} at once, {row.Length:#,0} and {document.Tokens:#,0} tokens: {string.Join(", ", others.Select(other => string.Create(CultureInfo.InvariantCulture, $"{other.Model} {row.MedianMs / other.Ms:0.00} times")))}");
        }
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
