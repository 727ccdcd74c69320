using System.Text.Json;

namespace MmMamba.Runtime.Plans;

/// <summary>
/// A JSON object that is read key by key and must hold those keys and no others. Whatever is wrong is an
/// <see cref="InputException"/> that names the key by its path, such as <c>layers[3].mixer.heads</c>.
/// </summary>
sealed class PlanFields
{
    readonly JsonElement _object;
    readonly string _path, _source;
    readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    PlanFields(JsonElement value, string path, string source)
    {
        (_object, _path, _source) = (value, path, source);
        if (value.ValueKind != JsonValueKind.Object) throw Wrong(path, "an object", value);
    }

    /// <summary>Reads a whole object; a key that <paramref name="read"/> leaves is unknown.</summary>
    public static T Read<T>(JsonElement value, string path, string source, Func<PlanFields, T> read)
    {
        var fields = new PlanFields(value, path, source);
        var result = read(fields);
        foreach (var property in value.EnumerateObject())
            if (!fields._taken.Contains(property.Name))
                throw new InputException(
                    $"{source}: the key {fields.At(property.Name)} is unknown; known here are {string.Join(", ", fields._taken)}.");
        return result;
    }

    /// <summary>Whether a key that may be left out is there; it is known either way.</summary>
    public bool Has(string key)
    {
        _taken.Add(key);
        return _object.TryGetProperty(key, out _);
    }

    public string String(string key) => StringOrNull(key) ?? throw Wrong(key, "a string");

    public string? StringOrNull(string key)
    {
        var value = Take(key);
        return value.ValueKind == JsonValueKind.Null ? null : Text(value, At(key));
    }

    public int Int(string key) => Take(key) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number)
        ? number
        : throw Wrong(key, "a whole number");

    public long Long(string key) => Long(Take(key), At(key));

    public double Double(string key) => DoubleOrNull(key) ?? throw Wrong(key, "a number");

    public double? DoubleOrNull(string key)
    {
        var value = Take(key);
        if (value.ValueKind == JsonValueKind.Null) return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number)
            ? number
            : throw Wrong(key, "a number");
    }

    public bool Flag(string key) => Take(key).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(key, "true or false"),
    };

    public T Word<T>(string key) where T : struct, Enum => Word<T>(Take(key), At(key));

    public T Object<T>(string key, Func<PlanFields, T> read) => Read(Take(key), At(key), _source, read);

    public T? ObjectOrNull<T>(string key, Func<PlanFields, T> read) where T : class =>
        Take(key) is { ValueKind: not JsonValueKind.Null } value ? Read(value, At(key), _source, read) : null;

    public PlanList<T> Objects<T>(string key, Func<PlanFields, T> read) => Items(key, (value, path) => Read(value, path, _source, read));

    public PlanList<string> Strings(string key) => Items(key, Text);

    public PlanList<long> Longs(string key) => Items(key, Long);

    public PlanList<T> Words<T>(string key) where T : struct, Enum => Items(key, Word<T>);

    /// <summary>An exception that says which of some words was expected at a key.</summary>
    public InputException Unknown(string key, string word, params string[] words) =>
        new($"{_source}: {At(key)} is '{word}'; expected was one of {string.Join(", ", words)}.");

    PlanList<T> Items<T>(string key, Func<JsonElement, string, T> read)
    {
        var list = Take(key);
        if (list.ValueKind != JsonValueKind.Array) throw Wrong(key, "a list");
        var items = new List<T>(list.GetArrayLength());
        foreach (var item in list.EnumerateArray()) items.Add(read(item, $"{At(key)}[{items.Count}]"));
        return items.ToPlanList();
    }

    string Text(JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.String) throw Wrong(path, "a string", value);
        try { return value.GetString()!; }
        catch (InvalidOperationException) { throw Wrong(path, "a string of whole characters", value); }
    }

    long Long(JsonElement value, string path) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : throw Wrong(path, "a whole number", value);

    T Word<T>(JsonElement value, string path) where T : struct, Enum => PlanWords<T>.TryParse(Text(value, path), out var word)
        ? word
        : throw new InputException($"{_source}: {path} is {Shown(value)}; expected was one of {string.Join(", ", PlanWords<T>.All)}.");

    JsonElement Take(string key)
    {
        _taken.Add(key);
        return _object.TryGetProperty(key, out var value) ? value : throw new InputException($"{_source}: the key {At(key)} is missing.");
    }

    string At(string key) => _path.Length == 0 ? key : $"{_path}.{key}";

    InputException Wrong(string key, string expected) => Wrong(At(key), expected, _object.GetProperty(key));

    InputException Wrong(string path, string expected, JsonElement found) =>
        new($"{_source}: {(path.Length == 0 ? "the text" : path)} is {Shown(found)}; expected was {expected}.");

    // What was found, short enough for one line.
    static string Shown(JsonElement value)
    {
        if (value.ValueKind is JsonValueKind.Object) return "an object";
        if (value.ValueKind is JsonValueKind.Array) return "a list";
        var text = value.GetRawText();
        return text.Length <= 40 ? text : text[..40] + "...";
    }
}
