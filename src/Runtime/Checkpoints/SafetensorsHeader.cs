using System.Text.Json;
using System.Text.Unicode;
using MmMamba.Runtime.Plans;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>
/// The header of a safetensors file: 8 bytes of length, then JSON that maps each name to type, shape and byte range. It is believed
/// only after every range has been checked against type, shape, its neighbours and the file's size. All that is wrong is said at once.
/// </summary>
sealed class SafetensorsHeader
{
    /// <summary>The longest header that is read, the bound of the format's own readers.</summary>
    public const long LongestHeader = 100_000_000;

    const int MostDimensions = 64;
    const string MetadataKey = "__metadata__";

    readonly string _path;
    readonly List<SafetensorsTensor> _tensors = [];
    readonly List<(string Name, long Begin, long End)> _ranges = [];
    readonly List<string> _faults = [];
    readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    readonly long _dataStart, _dataLength;
    bool _rangesKnown = true;

    SafetensorsHeader(string path, long dataStart, long dataLength) => (_path, _dataStart, _dataLength) = (path, dataStart, dataLength);

    /// <summary>The tensors in the order of their bytes.</summary>
    public IReadOnlyList<SafetensorsTensor> Tensors => _tensors;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <param name="path">For messages.</param>
    /// <param name="json">The header without its length.</param>
    /// <param name="fileLength">Bytes of the whole file.</param>
    public static SafetensorsHeader Parse(string path, ReadOnlySpan<byte> json, long fileLength)
    {
        var header = new SafetensorsHeader(path, 8 + json.Length, fileLength - 8 - json.Length);
        if (!Utf8.IsValid(json)) throw header.Wrong("the header is not UTF-8");
        var reader = new Utf8JsonReader(json);
        try
        {
            header.ReadAll(ref reader);
        }
        catch (JsonException e)
        {
            string[] faults = [.. header._faults, $"the header is not valid JSON at byte {8 + reader.BytesConsumed}; the file is damaged"];
            throw new InputException($"{path}: {Shown.Faults(faults)}", e);
        }
        header.CheckRanges();
        if (header._faults.Count > 0) throw new InputException($"{path}: {Shown.Faults(header._faults)}");
        header._tensors.Sort((a, b) => a.Offset != b.Offset ? a.Offset.CompareTo(b.Offset) : a.ByteCount.CompareTo(b.ByteCount));
        return header;
    }

    void ReadAll(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw Wrong("the header must be a JSON object");
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (Next(ref reader) != JsonTokenType.EndObject)
        {
            var name = String(ref reader, "a name in the header");
            if (!names.Add(name)) _faults.Add($"{Shown.Text(name)} stands twice in the header");
            Next(ref reader);
            if (name == MetadataKey) ReadMetadata(ref reader);
            else ReadTensor(ref reader, name);
        }
        if (reader.Read()) throw Wrong("more JSON follows the header's object");
    }

    void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject) throw Wrong($"{MetadataKey} must be an object of strings, found {Kind(reader.TokenType)}");
        while (Next(ref reader) != JsonTokenType.EndObject)
        {
            var key = String(ref reader, "a metadata key");
            if (Next(ref reader) != JsonTokenType.String)
                throw Wrong($"metadata {Shown.Text(key)} must be a string, found {Kind(reader.TokenType)}");
            if (!_metadata.TryAdd(key, String(ref reader, $"metadata {Shown.Text(key)}")))
                throw Wrong($"metadata {Shown.Text(key)} stands twice");
        }
    }

    void ReadTensor(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Wrong(name, $"expected an object with dtype, shape and data_offsets, found {Kind(reader.TokenType)}");
        string? type = null;
        long[]? shape = null, range = null;
        while (Next(ref reader) != JsonTokenType.EndObject)
        {
            var key = String(ref reader, "a key");
            Next(ref reader);
            switch (key)
            {
                case "dtype" when type is null:
                    if (reader.TokenType != JsonTokenType.String) throw Wrong(name, $"dtype must be a string, found {Kind(reader.TokenType)}");
                    type = String(ref reader, "dtype");
                    break;
                case "shape" when shape is null:
                    shape = Integers(ref reader, name, key, MostDimensions);
                    break;
                case "data_offsets" when range is null:
                    range = Integers(ref reader, name, key, 2);
                    break;
                case "dtype" or "shape" or "data_offsets":
                    throw Wrong(name, $"{key} stands twice");
                default:
                    throw Wrong(name, $"expected only dtype, shape and data_offsets, found {Shown.Text(key)}");
            }
        }
        if (type is null || shape is null || range is null)
            throw Wrong(name, $"{(type is null ? "dtype" : shape is null ? "shape" : "data_offsets")} is missing");
        Add(name, type, shape, range);
    }

    void Add(string name, string typeName, long[] shape, long[] range)
    {
        if (range.Length != 2) Fault(name, $"data_offsets must be two numbers, found {range.Length}");
        else if (range[0] > range[1] || range[1] > _dataLength)
            Fault(name, $"data_offsets {range[0]} to {range[1]} lie outside the {_dataLength} bytes of data; the file is cut short or damaged");
        else
        {
            _ranges.Add((name, range[0], range[1]));
            if (!ElementTypes.TryParse(typeName, out var type))
                Fault(name, $"dtype {Shown.Text(typeName)} cannot be read; expected one of {ElementTypes.AllNames}");
            else if (ByteCount(type, shape) is not { } expected) Fault(name, $"shape {Shown.Shape(shape)} has more elements than any file holds");
            else if (expected != range[1] - range[0])
                Fault(name, $"shape {Shown.Shape(shape)} of {typeName} takes {expected} bytes, but data_offsets {range[0]} to {range[1]} hold {range[1] - range[0]}");
            else _tensors.Add(new(name, type, PlanList.Create<long>(shape), _dataStart + range[0], expected));
        }
    }

    // What is said of the places between tensors says nothing any more.
    void Fault(string tensor, string what)
    {
        _rangesKnown = false;
        _faults.Add($"tensor {Shown.Text(tensor)}: {what}");
    }

    // Extents of 0 count as 1 for the bound: libtorch computes strides from the others.
    static long? ByteCount(ScalarType type, long[] shape)
    {
        UInt128 bound = (UInt128)ElementTypes.SizeOf(type);
        var empty = false;
        foreach (var extent in shape)
        {
            empty |= extent == 0;
            bound *= (UInt128)Math.Max(extent, 1);
            if (bound > long.MaxValue) return null;
        }
        return empty ? 0 : (long)bound;
    }

    /// <summary>The ranges tile the data: no overlap and, where all of them are known, no gap and nothing left over.</summary>
    void CheckRanges()
    {
        _ranges.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        var (end, allKnown) = (0L, _rangesKnown);
        foreach (var (name, begin, last) in _ranges)
        {
            if (begin < end || (begin > end && allKnown))
                Fault(name, $"its bytes begin at {begin} of the data, expected {end}: " + (begin < end ? "it overlaps another tensor" : "there is a gap before it"));
            end = Math.Max(end, last);
        }
        if (end != _dataLength && allKnown) _faults.Add($"{_dataLength - end} bytes follow the last tensor; the file is damaged");
    }

    long[] Integers(ref Utf8JsonReader reader, string name, string key, int most)
    {
        if (reader.TokenType != JsonTokenType.StartArray) throw Wrong(name, $"{key} must be a list of integers, found {Kind(reader.TokenType)}");
        var numbers = new List<long>();
        while (Next(ref reader) != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var number) || number < 0)
                throw Wrong(name, $"{key} must hold integers from 0 on, found {Value(ref reader)}");
            if (numbers.Count == most) throw Wrong(name, $"{key} holds more than {most} numbers");
            numbers.Add(number);
        }
        return [.. numbers];
    }

    // A cut document ends in a JsonException of the reader's own: it was told that this is the final block.
    static JsonTokenType Next(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType;
    }

    string String(ref Utf8JsonReader reader, string what)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new InputException($"{_path}: {what} is not valid Unicode at byte {8 + reader.TokenStartIndex}", e);
        }
    }

    static string Value(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.Number
        ? Shown.Text(System.Text.Encoding.ASCII.GetString(reader.ValueSpan))
        : Kind(reader.TokenType);

    static string Kind(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "a list",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.Null => "null",
        _ => "a truth value",
    };

    // What breaks the reading off, behind what was found before.
    InputException Wrong(string what) => new($"{_path}: {Shown.Faults([.. _faults, what])}");

    InputException Wrong(string tensor, string what) => Wrong($"tensor {Shown.Text(tensor)}: {what}");
}
