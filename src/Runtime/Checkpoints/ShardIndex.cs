using System.Text.Json;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>The index of a checkpoint in shards: which file of its folder holds which tensor.</summary>
/// <param name="Files">The file's name by the tensor's.</param>
/// <param name="TotalSize">Bytes of all tensors, if the index says.</param>
sealed record ShardIndex(IReadOnlyDictionary<string, string> Files, long? TotalSize)
{
    /// <summary>Its file's name.</summary>
    public const string FileName = "model.safetensors.index.json";

    const long Longest = 100_000_000;

    /// <summary>Reads an index; what is wrong with it is added to the faults, and what is right is kept.</summary>
    /// <exception cref="InputException">The file cannot be read, or is no index at all.</exception>
    public static ShardIndex Read(string path, List<string> faults)
    {
        RegularFile.Require(path);
        try
        {
            if (new FileInfo(path).Length > Longest) throw new InputException($"{path}: is longer than {Longest} bytes; an index is not");
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object)
                throw new InputException($"{path}: has no object weight_map, which says where each tensor is");
            return new(Places(map, faults), Size(json.RootElement, faults));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            throw new InputException($"{path}: {(e is JsonException or InvalidOperationException ? "is not valid JSON; the file is damaged" : $"cannot be read: {e.Message}")}", e);
        }
    }

    static Dictionary<string, string> Places(JsonElement map, List<string> faults)
    {
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        var outside = new List<string>();
        foreach (var entry in map.EnumerateObject())
            if (entry.Value.ValueKind != JsonValueKind.String) faults.Add($"{FileName}: the place of {Shown.Text(entry.Name)} is not the name of a file");
            else if (entry.Value.GetString()! is var file && !IsFileName(file)) outside.Add(file);
            else if (!places.TryAdd(entry.Name, file)) faults.Add($"{FileName}: {Shown.Text(entry.Name)} stands twice");
        foreach (var file in outside.Distinct(StringComparer.Ordinal))
            faults.Add($"{FileName}: {Shown.Text(file)} is not the name of a safetensors file in its folder");
        if (places.Count == 0 && outside.Count == 0) faults.Add($"{FileName}: names no tensor");
        return places;
    }

    // Some tools write it as a number with a fraction of 0.
    static long? Size(JsonElement index, List<string> faults)
    {
        if (!index.TryGetProperty("metadata", out var metadata) || metadata.ValueKind != JsonValueKind.Object || !metadata.TryGetProperty("total_size", out var size)) return null;
        if (size.ValueKind == JsonValueKind.Number && size.TryGetDecimal(out var bytes) && bytes is >= 0 and <= long.MaxValue && bytes == decimal.Truncate(bytes)) return (long)bytes;
        faults.Add($"{FileName}: total_size is {Shown.Text(size.GetRawText())}; expected bytes");
        return null;
    }

    // A name and nothing that leads elsewhere, on any system.
    static bool IsFileName(string file) =>
        file.EndsWith(".safetensors", StringComparison.Ordinal) && file.Length <= 255 && !file.AsSpan().ContainsAny("/\\:") && !file.Any(char.IsControl);

    /// <summary>The text of the index: names sorted, two spaces a level, a newline at the end, as the published ones are.</summary>
    public string Write()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new() { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            if (TotalSize is { } size)
            {
                json.WriteStartObject("metadata");
                json.WriteNumber("total_size", size);
                json.WriteEndObject();
            }
            json.WriteStartObject("weight_map");
            foreach (var (name, file) in Files.OrderBy(place => place.Key, StringComparer.Ordinal)) json.WriteString(name, file);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }
}
