using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>A tensor to be written.</summary>
/// <param name="Name">Its name, unique in the file.</param>
/// <param name="Type">Type of its elements on disk.</param>
/// <param name="Shape">Extents.</param>
/// <param name="Produce">
/// Makes the tensor when its turn comes, of the given shape, on any device and of any type that converts. It runs in a dispose scope of
/// the writer's: what it allocates is freed once written, what existed before stays.
/// </param>
public sealed record SafetensorsEntry(string Name, ScalarType Type, PlanList<long> Shape, Func<Tensor> Produce)
{
    /// <summary>Bytes on disk.</summary>
    /// <exception cref="ArgumentException">The type has no name on disk.</exception>
    internal long ByteCount
    {
        get
        {
            long count = ElementSize;
            foreach (var extent in Shape) count = checked(count * extent);
            return count;
        }
    }

    internal int ElementSize => ElementTypes.NameOf(Type) is not null
        ? ElementTypes.SizeOf(Type)
        : throw new ArgumentException($"tensor '{Name}' is {Type}, which safetensors cannot hold; it holds {ElementTypes.AllNames}");
}

/// <summary>
/// Writes safetensors files, atomically and one tensor at a time. The header is canonical: metadata first, its keys sorted; tensors in
/// the given order, those of larger elements first, so that every tensor is aligned to its elements; padded with spaces to 8 bytes.
/// The same tensors and metadata make the same bytes.
/// </summary>
public static class SafetensorsWriter
{
    static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes tensors as they are.</summary>
    /// <param name="path">The target; replaced only when all is written.</param>
    /// <param name="tensors">Names and tensors, enumerated once.</param>
    /// <param name="metadata">Strings for the header.</param>
    /// <exception cref="InputException">The file cannot be written there.</exception>
    /// <exception cref="ArgumentException">Two tensors share a name, or a type has no name on disk.</exception>
    public static void Write(string path, IEnumerable<(string Name, Tensor Tensor)> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        Write(path, [.. tensors.Select(item => new SafetensorsEntry(
            item.Name, item.Tensor.dtype, PlanList.Create<long>(item.Tensor.shape), () => item.Tensor))], metadata);

    /// <summary>Writes tensors that are made one after the other, each held only while it is written.</summary>
    /// <inheritdoc cref="Write(string, IEnumerable{ValueTuple{string, Tensor}}, IReadOnlyDictionary{string, string}?)"/>
    public static void Write(string path, IReadOnlyList<SafetensorsEntry> entries, IReadOnlyDictionary<string, string>? metadata = null)
    {
        SafetensorsEntry[] ordered = [.. entries.OrderByDescending(entry => entry.ElementSize)];
        var header = Header(ordered, metadata);
        if (header.Length > SafetensorsHeader.LongestHeader)
            throw new ArgumentException($"the header takes {header.Length} bytes; readers take at most {SafetensorsHeader.LongestHeader}", nameof(entries));
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (var entry in ordered) WriteTensor(stream, entry);
        }, 8 + header.Length + ordered.Sum(entry => entry.ByteCount));
    }

    static void WriteTensor(Stream stream, SafetensorsEntry entry)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var tensor = entry.Produce();
        if (!tensor.shape.AsSpan().SequenceEqual(entry.Shape.AsSpan()))
            throw new ArgumentException($"tensor '{entry.Name}' was announced as {Shown.Shape(entry.Shape.AsSpan())} and is {Shown.Shape(tensor.shape)}");
        // Block by block, so that a tensor of another type or device never lies in memory twice.
        var elements = tensor.detach().contiguous().view(-1);
        var most = TensorBytes.BlockBytes / entry.ElementSize;
        for (long first = 0; first < elements.numel(); first += most)
        {
            using var inner = NewDisposeScope();
            TensorBytes.ForEachBlock(elements.narrow(0, first, Math.Min(most, elements.numel() - first)).to(entry.Type, CPU), block => stream.Write(block));
        }
    }

    static byte[] Header(SafetensorsEntry[] entries, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        var names = new HashSet<string>(StringComparer.Ordinal) { "__metadata__" };
        using (var json = new Utf8JsonWriter(buffer, Json))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)) json.WriteString(key, value);
                json.WriteEndObject();
            }
            long begin = 0;
            foreach (var entry in entries)
            {
                if (!names.Add(entry.Name)) throw new ArgumentException($"the name '{entry.Name}' is given twice or reserved", nameof(entries));
                json.WriteStartObject(entry.Name);
                json.WriteString("dtype", ElementTypes.NameOf(entry.Type));
                json.WriteStartArray("shape");
                foreach (var extent in entry.Shape) json.WriteNumberValue(extent);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(begin);
                json.WriteNumberValue(begin += entry.ByteCount);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        var padded = new byte[(buffer.WrittenCount + 7) / 8 * 8];
        padded.AsSpan(buffer.WrittenCount).Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(padded);
        return padded;
    }
}
