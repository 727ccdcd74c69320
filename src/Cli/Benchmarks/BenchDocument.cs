using System.Text.Json;
using System.Text.Json.Serialization;
using MmMamba.Runtime;
using MmMamba.Runtime.Generation;

namespace MmMamba.Cli.Benchmarks;

/// <summary>All that was measured, and on what: the content of the JSON file.</summary>
/// <param name="Machine">Processor, memory, system, graphics.</param>
/// <param name="Versions">Of this tool and of what it runs on.</param>
/// <param name="Weights">Where they come from: <c>random</c> or <c>read</c>.</param>
sealed record BenchDocument(
    BenchKind Kind, IReadOnlyDictionary<string, string> Machine, IReadOnlyDictionary<string, string> Versions,
    string Device, string Dtype, string Weights, int Tokens, int Chunk, IReadOnlyList<BenchModel> Models)
{
    /// <summary>The type that states of Mamba-2 layers are held in; null is float32.</summary>
    public string? StateDtype { get; init; }

    /// <summary>The document as UTF-8.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, BenchJson.Default.BenchDocument);

    /// <summary>The document of a text that <see cref="ToJson"/> made.</summary>
    /// <exception cref="InputException">It is none.</exception>
    public static BenchDocument Parse(string json)
    {
        try
        {
            if (JsonSerializer.Deserialize(json, BenchJson.Default.BenchDocument) is { } document) return document;
        }
        catch (JsonException)
        {
            // Told below.
        }
        throw new InputException("the process that measured a model wrote no figures.");
    }

    /// <summary>Documents of the same load and machine as one.</summary>
    public static BenchDocument Join(IReadOnlyList<BenchDocument> documents) => documents[0] with
    {
        Models = [.. documents.SelectMany(document => document.Models).GroupBy(model => (model.Model, model.Fingerprint))
            .Select(rows => rows.First() with { Rows = [.. rows.SelectMany(model => model.Rows)] })],
    };
}

/// <summary>One model's figures.</summary>
/// <param name="Teacher">The model that it was made from; null where there is none.</param>
/// <param name="DecodePath">What read its single tokens; null where none was read.</param>
/// <param name="Ceilings">What the machine can do, measured by the model's process; null where memory is measured.</param>
sealed record BenchModel(string Model, string Fingerprint, long Parameters, string? Teacher, string? DecodePath, MachineCeilings? Ceilings, IReadOnlyList<BenchRow> Rows);

/// <summary>Figures of one length.</summary>
/// <param name="Batch">Sequences at once.</param>
/// <param name="Length">Tokens of the prompt.</param>
/// <param name="Ms">Each timed run; none where memory is measured.</param>
/// <param name="Work">What the cost model counts for one run: bytes that a decoded token reads, or operations of a prefill; null where nothing is compared.</param>
/// <param name="LimitMs">The time that the machine's ceilings allow at best for what has to be moved and computed; null where memory is measured.</param>
/// <param name="Memory">Null where times are measured.</param>
/// <param name="Kernels">The kernels of a decoded token, or of a prompt's last pass, one by one; null where they are not timed.</param>
sealed record BenchRow(int Batch, int Length, IReadOnlyList<double> Ms, decimal? Work, double? LimitMs, BenchMemory? Memory, IReadOnlyList<KernelTime>? Kernels = null)
{
    /// <summary>The middle of <see cref="Ms"/>; of an even number the mean of the two in the middle.</summary>
    public double? MedianMs => Ms.Count == 0 ? null : Median.Of(Ms);
}

/// <summary>Bytes, above what the process had before the model.</summary>
/// <param name="Predicted">What the cost model counts as held: weights, and caches with room for the prompt and the tokens behind it.</param>
/// <param name="Decoding">Measured while single tokens are written with those caches; null where nobody tells.</param>
/// <param name="Peak">The most that was measured, up to the end of the prompt; null where nobody tells.</param>
sealed record BenchMemory(long Predicted, long? Decoding, long? Peak);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BenchDocument))]
sealed partial class BenchJson : JsonSerializerContext;
