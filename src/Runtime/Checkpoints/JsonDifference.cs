using System.Text.Json;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>What differs between two JSON texts, a sentence for each place.</summary>
public static class JsonDifference
{
    const int LongestValue = 60;

    /// <summary>Names the places whose values differ. A place in a list is its index; equal differences of a list's items are told once.</summary>
    /// <param name="was">The text that was kept.</param>
    /// <param name="now">The text that is asked for.</param>
    /// <exception cref="JsonException">One of them is no JSON.</exception>
    public static IReadOnlyList<string> Of(string was, string now)
    {
        using var left = JsonDocument.Parse(was);
        using var right = JsonDocument.Parse(now);
        var found = new List<(string Path, string Items, string Values)>();
        Compare(left.RootElement, right.RootElement, "", "", found);
        return
        [
            .. found.GroupBy(difference => (difference.Path, difference.Values)).Select(group =>
            {
                string[] items = [.. group.Select(difference => difference.Items).Where(item => item.Length > 0)];
                return $"{Name(group.Key.Path)}{(items.Length > 0 ? $" ({Shown.Some(items)})" : "")} {group.Key.Values}";
            }),
        ];
    }

    static void Compare(JsonElement was, JsonElement now, string path, string items, List<(string, string, string)> found)
    {
        if (was.ValueKind == JsonValueKind.Object && now.ValueKind == JsonValueKind.Object)
        {
            foreach (var key in was.EnumerateObject().Concat(now.EnumerateObject()).Select(property => property.Name).Distinct().ToArray())
                Compare(Find(was, key), Find(now, key), path.Length == 0 ? key : $"{path}.{key}", items, found);
        }
        else if (was.ValueKind == JsonValueKind.Array && now.ValueKind == JsonValueKind.Array && was.GetArrayLength() == now.GetArrayLength())
        {
            for (var i = 0; i < was.GetArrayLength(); i++)
                Compare(was[i], now[i], path + "[]", items.Length == 0 ? $"{i}" : $"{items}.{i}", found);
        }
        else if (!JsonElement.DeepEquals(Given(was), Given(now))) found.Add((path, items, $"was {Value(was)} and is {Value(now)}"));
    }

    static JsonElement Find(JsonElement element, string key) => element.TryGetProperty(key, out var value) ? value : default;

    // What is left out and what is null say the same.
    static JsonElement Given(JsonElement element) => element.ValueKind == JsonValueKind.Undefined ? Null : element;

    static readonly JsonElement Null = JsonDocument.Parse("null").RootElement;

    static string Name(string path) => path.Length == 0 ? "the whole" : Shown.Text(path)[1..^1];

    static string Value(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => "nothing",
        JsonValueKind.String => Shown.Text(element.GetString()!),
        JsonValueKind.Array => $"a list of {element.GetArrayLength()}",
        JsonValueKind.Object => "an object",
        _ => element.GetRawText() is { Length: <= LongestValue } text ? text : element.GetRawText()[..LongestValue] + "...",
    };
}
