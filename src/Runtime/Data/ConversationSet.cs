using System.Globalization;
using System.Text.Json;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Data;

/// <summary>
/// A set in the format of LLaVA and InternVL: a jsonl file, one conversation a line, and a folder that its image paths start from.
/// <code>
/// {"id": "7", "image": "a.png" or ["a.png", "b.png"] or absent,
///  "conversations": [{"from": "human", "value": "..."}, {"from": "gpt", "value": "..."}]}
/// </code>
/// Roles go by parity: entries 0, 2, 4... ask and entries 1, 3, 5... answer, whatever <c>from</c> says. A conversation about one
/// picture that doesn't place it begins with it. <c>"kinds": ["present", ...]</c>, one for each turn, names the kinds of the questions.
/// Other properties are left alone. Reading is lazy and strict: what is wrong is an <see cref="InputException"/> with file and line.
/// </summary>
public sealed class ConversationSet : IConversationSource, IDisposable
{
    /// <summary>The kind of questions in a set that names none.</summary>
    public const string Unnamed = "answer";

    readonly LineIndex _lines;
    readonly string _path;
    readonly string _root;

    /// <param name="path">The jsonl file.</param>
    /// <param name="imageRoot">The folder that image paths start from and must not leave; null is the file's own folder.</param>
    /// <exception cref="InputException">The file or the folder can't be read, or the file holds no conversation.</exception>
    public ConversationSet(string path, string? imageRoot = null)
    {
        _path = path;
        _lines = new(path);
        try
        {
            var root = imageRoot ?? Path.GetDirectoryName(Path.GetFullPath(path))!;
            if (!Directory.Exists(root)) throw new InputException($"{root}: no such folder; expected the folder of the images of {path}.");
            if (_lines.Count == 0) throw new InputException($"{path}: holds no conversation; expected one JSON object a line.");
            _root = RealPath.Of(root);
        }
        catch
        {
            _lines.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public long Count => _lines.Count;

    /// <inheritdoc/>
    public Conversation Get(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        var where = $"{_path}:{_lines.Number((int)index)}";
        var bytes = _lines.Read((int)index);
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return new Line(where, _root, index).Read(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new InputException(
                $"{where}: not JSON (byte {e.BytePositionInLine.GetValueOrDefault() + 1} of the line); expected one object a line.", e);
        }
        catch (InvalidOperationException e)
        {
            // What System.Text.Json says of text that isn't UTF-8, or of half a surrogate pair.
            throw new InputException($"{where}: holds text that isn't valid Unicode; expected UTF-8.", e);
        }
    }

    /// <summary>Reads every line, and finds (without decoding it) every image.</summary>
    /// <param name="tolerated">How many may be wrong.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <returns>What is wrong, a sentence each.</returns>
    /// <exception cref="InputException">More lines are wrong or images missing than are tolerated.</exception>
    public IReadOnlyList<string> Check(int tolerated = 0, CancellationToken cancellation = default)
    {
        var wrong = new List<string>();
        for (var i = 0L; i < Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                Get(i);
            }
            catch (InputException error)
            {
                wrong.Add(error.Message);
                if (wrong.Count > tolerated) throw tolerated == 0 ? error : Unreadable.TooMany(_path, wrong, tolerated);
            }
        }
        return wrong;
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _lines.Dispose();

    /// <summary>One line on its way to a conversation.</summary>
    readonly struct Line(string where, string root, long index)
    {
        public Conversation Read(JsonElement item)
        {
            if (item.ValueKind != JsonValueKind.Object) throw Wrong("the line", item, "an object");
            var images = Images(item);
            var turns = Turns(item);
            Place(turns, images.Count);
            return new(Id(item), images, turns);
        }

        string Id(JsonElement item)
        {
            if (!item.TryGetProperty("id", out var id)) return index.ToString(CultureInfo.InvariantCulture);
            return id.ValueKind switch
            {
                JsonValueKind.String => id.GetString()!,
                JsonValueKind.Number => id.GetRawText(),
                _ => throw Wrong("\"id\"", id, "a string or a number"),
            };
        }

        List<ImageSource> Images(JsonElement item)
        {
            var images = new List<ImageSource>();
            if (!item.TryGetProperty("image", out var image) || image.ValueKind == JsonValueKind.Null) return images;
            if (image.ValueKind == JsonValueKind.String) images.Add(Image(image));
            else if (image.ValueKind == JsonValueKind.Array)
                foreach (var path in image.EnumerateArray()) images.Add(Image(path));
            else throw Wrong("\"image\"", image, "a path or a list of paths");
            return images;
        }

        ImageFile Image(JsonElement element)
        {
            if (element.ValueKind != JsonValueKind.String) throw Wrong("an image", element, "a path");
            var name = element.GetString()!;
            if (name.Length == 0 || name.Contains('\0'))
                throw Wrong($"image path {Shown.Text(name)} is none; expected a file's path below {root}.");
            if (Path.IsPathRooted(name)) throw Leaves(name);
            string real;
            try
            {
                if (!RealPath.IsBelow(root, Path.GetFullPath(Path.Combine(root, name)))) throw Leaves(name);
                real = RealPath.Of(Path.Combine(root, name));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new InputException($"{where}: image {Shown.Text(name)} can't be reached: {e.Message}", e);
            }
            if (!RealPath.IsBelow(root, real)) throw Leaves(name);
            if (!File.Exists(real)) throw Wrong($"image {Shown.Text(name)} is missing; expected a file below {root}.");
            return new(where, name, real);
        }

        InputException Leaves(string name) =>
            Wrong($"image path {Shown.Text(name)} leaves the image folder {root}; expected a path below it.");

        List<Turn> Turns(JsonElement item)
        {
            if (!item.TryGetProperty("conversations", out var list)) throw Wrong("\"conversations\" is missing.");
            if (list.ValueKind != JsonValueKind.Array) throw Wrong("\"conversations\"", list, "a list of {\"from\", \"value\"}");
            var length = list.GetArrayLength();
            if (length == 0 || length % 2 != 0)
                throw Wrong($"\"conversations\" has {length} entries; expected questions and answers in turn, so an even number.");
            var kinds = Kinds(item, length / 2);
            var turns = new List<Turn>(length / 2);
            for (var i = 0; i < length / 2; i++)
                turns.Add(new(Value(list[2 * i], 2 * i), Value(list[2 * i + 1], 2 * i + 1), kinds?[i] ?? Unnamed));
            return turns;
        }

        string Value(JsonElement entry, int number)
        {
            if (entry.ValueKind != JsonValueKind.Object)
                throw Wrong($"entry {number} of \"conversations\"", entry, "an object with \"from\" and \"value\"");
            if (entry.TryGetProperty("from", out var from)) Text(from, $"\"from\" of entry {number}");
            if (!entry.TryGetProperty("value", out var value)) throw Wrong($"entry {number} of \"conversations\" has no \"value\".");
            return Text(value, $"\"value\" of entry {number}");
        }

        string[]? Kinds(JsonElement item, int turns)
        {
            if (!item.TryGetProperty("kinds", out var list)) return null;
            if (list.ValueKind != JsonValueKind.Array) throw Wrong("\"kinds\"", list, "a list of strings");
            if (list.GetArrayLength() != turns)
                throw Wrong($"\"kinds\" has {list.GetArrayLength()} entries; expected one for each of the {turns} turns.");
            var kinds = new string[turns];
            for (var i = 0; i < turns; i++) kinds[i] = Text(list[i], $"entry {i} of \"kinds\"");
            return kinds;
        }

        // The questions must hold as many places as there are images; a single image without a place comes first.
        void Place(List<Turn> turns, int images)
        {
            var (asked, answered) = (0, 0);
            foreach (var turn in turns)
            {
                asked += Places(turn.Question);
                answered += Places(turn.Answer);
            }
            if (answered > 0) throw Wrong($"an answer holds {Conversation.ImagePlace}; only questions show images.");
            if (images == 1 && asked == 0)
                turns[0] = turns[0] with { Question = $"{Conversation.ImagePlace}\n{turns[0].Question}" };
            else if (asked != images)
                throw Wrong($"the questions hold {Conversation.ImagePlace} {asked} times; expected {images}, once for each image.");
        }

        static int Places(string text) => text.AsSpan().Count(Conversation.ImagePlace);

        string Text(JsonElement element, string what) =>
            element.ValueKind == JsonValueKind.String ? element.GetString()! : throw Wrong(what, element, "a string");

        InputException Wrong(string what, JsonElement found, string expected) =>
            Wrong($"{what} is {Name(found.ValueKind)}; expected {expected}.");

        InputException Wrong(string what) => new($"{where}: {what}");

        static string Name(JsonValueKind kind) => kind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "a list",
            JsonValueKind.String => "a string",
            JsonValueKind.Number => "a number",
            JsonValueKind.True or JsonValueKind.False => "a truth value",
            _ => "null",
        };
    }

    sealed class ImageFile(string where, string name, string path) : ImageSource
    {
        public override string Name => name;

        public override RgbImage Load()
        {
            try
            {
                return ImageDecoder.Decode(path);
            }
            catch (InputException e)
            {
                throw new InputException($"{where}: image {e.Message.ReplaceLineEndings(" ")}", e);
            }
        }
    }
}
