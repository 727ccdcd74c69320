using System.Text.Json;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>The index of a checkpoint in shards: which file of its folder holds which tensor.</summary>
/// <param name="Files">The file's name by the tensor's.</param>
sealed record ShardIndex(IReadOnlyDictionary<string, string> Files)
{
    /// <summary>Its file's name.</summary>
    public const string FileName = "model.safetensors.index.json";

    const long Longest = 100_000_000;

    /// <summary>Reads an index; what is wrong with it is added to the faults, and what is right is kept.</summary>
    /// <exception cref="InputException">The file cannot be read, or is no index at all.</exception>
    public static ShardIndex Read(string path, List<string> faults)
    {
        try
        {
            if (new FileInfo(path).Length > Longest) throw new InputException($"{path}: is longer than {Longest} bytes; an index is not");
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object)
                throw new InputException($"{path}: has no object weight_map, which says where each tensor is");
            return new(Places(map, faults));
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

    // A name and nothing that leads elsewhere, on any system.
    static bool IsFileName(string file) =>
        file.EndsWith(".safetensors", StringComparison.Ordinal) && file.Length <= 255 && !file.AsSpan().ContainsAny("/\\:") && !file.Any(char.IsControl);

    /// <summary>The text of the index: names sorted, two spaces a level, a newline at the end, as the published ones are.</summary>
    /// <param name="totalSize">Bytes of all tensors.</param>
    public string Write(long totalSize)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new() { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteNumber("total_size", totalSize);
            json.WriteEndObject();
            json.WriteStartObject("weight_map");
            foreach (var (name, file) in Files.OrderBy(place => place.Key, StringComparer.Ordinal)) json.WriteString(name, file);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }
}
