using System.Text.Json;
using System.Text.Json.Serialization;
using MmMamba.Runtime.Generation;

namespace MmMamba.Cli.Benchmarks;

/// <summary>What <c>mmmamba bench scan</c> measured, and on what: the content of its JSON file.</summary>
/// <param name="Machine">Processor, memory, system, graphics.</param>
/// <param name="Versions">Of this tool and of what it runs on.</param>
/// <param name="Model">Whose mixer it is.</param>
/// <param name="Layer">Its first layer that has one.</param>
sealed record ScanDocument(
    IReadOnlyDictionary<string, string> Machine, IReadOnlyDictionary<string, string> Versions, string Device, string Model, int Layer, int Batch, IReadOnlyList<ScanRow> Rows)
{
    /// <summary>The document as UTF-8.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, ScanJson.Default.ScanDocument);
}

/// <summary>Figures of one length.</summary>
/// <param name="Length">Tokens of each sequence.</param>
/// <param name="Path">What computed.</param>
/// <param name="Ms">Each timed run.</param>
/// <param name="Bytes">What a run can't do without.</param>
/// <param name="Flops">The cost model's operations of the chunks.</param>
sealed record ScanRow(int Length, string Path, IReadOnlyList<double> Ms, long Bytes, decimal Flops)
{
    /// <summary>The middle of <see cref="Ms"/>; of an even number the mean of the two in the middle.</summary>
    public double MedianMs => Median.Of(Ms);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(ScanDocument))]
sealed partial class ScanJson : JsonSerializerContext;
