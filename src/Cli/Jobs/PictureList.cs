using System.Text;
using System.Text.Json;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Data;

namespace MmMamba.Cli.Jobs;

/// <summary>
/// What the pictures of a set on disk showed when a run began, a line of JSON each: a run does not go on with others. A picture that could not be read then
/// may have been mended since, and one that cannot be read now is passed by like any other.
/// </summary>
/// <param name="splits">The pictures of each split.</param>
sealed class PictureList(IReadOnlyList<(string Split, PictureContents Contents)> splits)
{
    const int MostNamed = 8;

    IEnumerable<(string Split, string Name, string? Content)> Pictures =>
        splits.SelectMany(split => split.Contents.Pictures.Select(picture => (split.Split, picture.Name, picture.Content)));

    /// <summary>Writes the list, whole or not at all.</summary>
    public void Write(string path) => AtomicFile.Write(path, stream =>
    {
        foreach (var (split, name, content) in Pictures)
        {
            using (var json = new Utf8JsonWriter(stream))
            {
                json.WriteStartObject();
                json.WriteString("split", split);
                json.WriteString("picture", name);
                json.WriteString("pixels", content);
                json.WriteEndObject();
            }
            stream.WriteByte((byte)'\n');
        }
    });

    /// <summary>Makes sure that the pictures show what they showed when the list was written.</summary>
    /// <exception cref="InputException">Some show something else, or the list can't be read.</exception>
    public void RequireSame(string path)
    {
        var now = Pictures.Where(picture => picture.Content is not null).ToDictionary(picture => (picture.Split, picture.Name), picture => picture.Content);
        var changed = new List<string>();
        foreach (var line in File.ReadLines(path, Encoding.UTF8))
        {
            var (split, name, content) = Parsed(path, line);
            if (content is not null && now.TryGetValue((split, name), out var found) && found != content) changed.Add($"'{name}'");
        }
        if (changed.Count > 0)
            throw new InputException($"{path}: pictures were changed since the run began: {string.Join(", ", changed.Take(MostNamed))}{(changed.Count > MostNamed ? $" and {changed.Count - MostNamed} more" : "")}. Put back what they were, or name another output.");
    }

    static (string Split, string Name, string? Content) Parsed(string path, string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            string? Text(string name) => json.RootElement.GetProperty(name).GetString();
            return (Text("split")!, Text("picture")!, Text("pixels"));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new InputException($"{path}: can't be read as the list of a run's pictures: {e.Message}", e);
        }
    }
}
