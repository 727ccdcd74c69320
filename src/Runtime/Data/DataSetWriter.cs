using System.Text.Encodings.Web;
using System.Text.Json;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Data;

/// <summary>
/// Writes conversations as a set that <see cref="ConversationSet"/> reads back unchanged: <c>train.jsonl</c>, <c>test.jsonl</c>,
/// <c>classes.txt</c> and <c>images/{train,test}/*.png</c>. The folder appears whole or not at all; its
/// bytes depend on the conversations alone.
/// </summary>
public static class DataSetWriter
{
    /// <summary>Names of a set's parts.</summary>
    public const string Train = "train", Test = "test", Classes = "classes.txt", Images = "images";

    /// <summary>Conversations composed and encoded at once, in parallel, before their lines are written.</summary>
    const int Block = 256;

    static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a set.</summary>
    /// <param name="train">Where the training conversations come from.</param>
    /// <param name="trainCount">How many of them, at least 1.</param>
    /// <param name="test">Where the test conversations come from.</param>
    /// <param name="testCount">How many of them, at least 1.</param>
    /// <param name="classes">Names of the classes, one a line of <c>classes.txt</c>.</param>
    /// <param name="folder">The folder to make; it must not exist, or be empty.</param>
    /// <param name="progress">Told the number of conversations written so far.</param>
    /// <param name="cancellation">Stops; nothing is left behind.</param>
    /// <exception cref="InputException">The folder exists and holds something, or can't be written; or a source is broken.</exception>
    public static void Write(
        IConversationSource train, long trainCount, IConversationSource test, long testCount,
        IReadOnlyList<string> classes, string folder, IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        RequireCount(Train, train, trainCount);
        RequireCount(Test, test, testCount);
        var final = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(final)) throw new InputException($"{folder}: is a file; expected the name of a new folder.");
        if (Directory.Exists(final) && Directory.EnumerateFileSystemEntries(final).Any())
            throw new InputException($"{folder}: the folder exists and isn't empty; name another or remove it.");
        var partial = $"{final}.partial-{Environment.ProcessId}";
        try
        {
            if (Directory.Exists(partial)) Directory.Delete(partial, recursive: true);
            WriteSplit(train, trainCount, partial, Train, 0, progress, cancellation);
            WriteSplit(test, testCount, partial, Test, trainCount, progress, cancellation);
            File.WriteAllText(Path.Combine(partial, Classes), string.Concat(classes.Select(name => name + "\n")));
            if (Directory.Exists(final)) Directory.Delete(final);
            Directory.Move(partial, final);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{folder}: can't be written: {e.Message}", e);
        }
        finally
        {
            if (Directory.Exists(partial)) Directory.Delete(partial, recursive: true);
        }
    }

    static void RequireCount(string split, IConversationSource source, long count)
    {
        if (count < 1 || count > source.Count)
            throw new InputException($"{split}: {count} conversations asked for; expected 1 to {source.Count}.");
    }

    static void WriteSplit(
        IConversationSource source, long count, string folder, string split, long before,
        IProgress<long>? progress, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.Combine(folder, Images, split));
        using var file = File.Create(Path.Combine(folder, split + ".jsonl"));
        var block = new Conversation[Block];
        for (var start = 0L; start < count; start += Block)
        {
            cancellation.ThrowIfCancellationRequested();
            var length = (int)Math.Min(Block, count - start);
            var first = start;
            Run(length, i =>
            {
                var conversation = block[i] = source.Get(first + i);
                for (var image = 0; image < conversation.Images.Count; image++)
                    File.WriteAllBytes(
                        Path.Combine(folder, ImagePath(split, first + i, image)), PngEncoder.Encode(conversation.Images[image].Load()));
            });
            for (var i = 0; i < length; i++) WriteLine(file, block[i], split, start + i);
            progress?.Report(before + start + length);
        }
    }

    // The first exception as it is, not wrapped: it says what is wrong with the input.
    static void Run(int length, Action<int> action)
    {
        try
        {
            Parallel.For(0, length, action);
        }
        catch (AggregateException e)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }

    static string ImagePath(string split, long index, int image) =>
        FormattableString.Invariant($"{Images}/{split}/{index:D6}") + (image == 0 ? ".png" : FormattableString.Invariant($"-{image}.png"));

    static void WriteLine(Stream file, Conversation conversation, string split, long index)
    {
        using (var json = new Utf8JsonWriter(file, Json))
        {
            json.WriteStartObject();
            json.WriteString("id", conversation.Id);
            if (conversation.Images.Count == 1) json.WriteString("image", ImagePath(split, index, 0));
            else if (conversation.Images.Count > 1)
            {
                json.WriteStartArray("image");
                for (var i = 0; i < conversation.Images.Count; i++) json.WriteStringValue(ImagePath(split, index, i));
                json.WriteEndArray();
            }
            json.WriteStartArray("conversations");
            foreach (var turn in conversation.Turns)
            {
                WriteEntry(json, "human", turn.Question);
                WriteEntry(json, "gpt", turn.Answer);
            }
            json.WriteEndArray();
            json.WriteStartArray("kinds");
            foreach (var turn in conversation.Turns) json.WriteStringValue(turn.Kind);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        file.Write("\n"u8);
    }

    static void WriteEntry(Utf8JsonWriter json, string from, string value)
    {
        json.WriteStartObject();
        json.WriteString("from", from);
        json.WriteString("value", value);
        json.WriteEndObject();
    }
}
