using System.Globalization;
using System.Text.Json;
using MmMamba.Runtime.Checkpoints;

namespace MmMamba.Runtime.Text;

/// <summary>
/// The special tokens that a checkpoint's folder names beside its <c>tokenizer.model</c>: <c>added_tokens_decoder</c> in
/// <c>tokenizer_config.json</c> and <c>added_tokens.json</c>. What they say must agree, and must be what the chat template counts on.
/// </summary>
static class AddedTokens
{
    const string Config = "tokenizer_config.json", Decoder = "added_tokens_decoder", Added = "added_tokens.json";
    const long Longest = 1 << 24;

    /// <summary>Names by id; empty where the folder has neither file.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="vocabulary">Number of ids.</param>
    /// <exception cref="InputException">A file is damaged, the two contradict each other, or a token is not where the models have it.</exception>
    public static IReadOnlyDictionary<int, string> Read(string folder, int vocabulary)
    {
        var names = new SortedDictionary<int, string>();
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (name, id, where) in Decoded(Path.Combine(folder, Config)).Concat(Listed(Path.Combine(folder, Added))))
        {
            if (id < 0 || id >= vocabulary)
                throw new InputException($"{where}: {Shown.Text(name)} has the id {id}; the vocabulary has the ids 0 to {vocabulary - 1}");
            if (!names.TryAdd(id, name) && names[id] != name)
                throw new InputException($"{where}: {Shown.Text(name)} has the id {id}, and so has {Shown.Text(names[id])}");
            if (!ids.TryAdd(name, id) && ids[name] != id)
                throw new InputException($"{where}: {Shown.Text(name)} has the id {id}, and {ids[name]} too");
        }
        if (names.Count > 0) Check(folder, names, vocabulary);
        return names;
    }

    static void Check(string folder, SortedDictionary<int, string> names, int vocabulary)
    {
        foreach (var name in SpecialTokens.AtTheEnd)
        {
            var id = SpecialTokens.Id(name, vocabulary);
            if (!names.TryGetValue(id, out var found))
            {
                // One that the SentencePiece model holds itself need not be added.
                if (id >= vocabulary - SpecialTokens.Added || names.ContainsValue(name))
                    throw new InputException($"{folder}: its files give {name} no id or another than {id}, which the models have; give the files that belong to the checkpoint");
            }
            else if (found != name)
                throw new InputException($"{folder}: the id {id} is {Shown.Text(found)} there and {name} in the models; give the files that belong to the checkpoint");
        }
    }

    static IEnumerable<(string Name, int Id, string Where)> Decoded(string path)
    {
        using var json = Open(path);
        if (json is null || !json.RootElement.TryGetProperty(Decoder, out var tokens)) yield break;
        if (tokens.ValueKind != JsonValueKind.Object) throw new InputException($"{path}: {Decoder} is an object of ids and tokens");
        foreach (var token in tokens.EnumerateObject())
        {
            if (!int.TryParse(token.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                || token.Value.ValueKind != JsonValueKind.Object || !token.Value.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.String)
                throw new InputException($"{path}: {Decoder}: {Shown.Text(token.Name)} is no id with a token's content");
            yield return (content.GetString()!, id, path);
        }
    }

    static IEnumerable<(string Name, int Id, string Where)> Listed(string path)
    {
        using var json = Open(path);
        if (json is null) yield break;
        foreach (var token in json.RootElement.EnumerateObject())
            yield return token.Value.ValueKind == JsonValueKind.Number && token.Value.TryGetInt32(out var id)
                ? (token.Name, id, path)
                : throw new InputException($"{path}: {Shown.Text(token.Name)} has no id");
    }

    static JsonDocument? Open(string path)
    {
        if (!File.Exists(path)) return null;
        RegularFile.Require(path);
        try
        {
            using var file = File.OpenRead(path);
            if (file.Length > Longest) throw new InputException($"{path}: has {file.Length} bytes; at most {Longest} are read");
            var json = JsonDocument.Parse(file);
            return json.RootElement.ValueKind == JsonValueKind.Object ? json : throw new InputException($"{path}: is no JSON object");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new InputException($"{path}: cannot be read as JSON: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
