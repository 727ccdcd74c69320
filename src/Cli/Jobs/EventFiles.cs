using System.Text.Json;

namespace MmMamba.Cli.Jobs;

/// <summary>
/// The lines of <see cref="MetricsFile"/> as TensorBoard reads them: a folder with one event file for each stage and for each model that was asked. They hold
/// nothing of their own: when a run goes on they become what the lines say, so that they have neither gaps nor doubles.
/// </summary>
/// <param name="folder">Receives the folders.</param>
sealed class EventFiles(string folder) : IDisposable
{
    /// <summary>The file in each folder. TensorBoard knows it by <c>tfevents</c>.</summary>
    public const string Name = "events.out.tfevents.0.mmmamba";

    // Names in the lines, and the tags under which TensorBoard draws them.
    static readonly (string Field, string Tag)[] Figures =
        [("loss", "loss"), ("learning_rate", "learning_rate"), ("gradient_norm", "gradient_norm"), ("tokens_per_second", "tokens_per_second"), ("memory", "memory_bytes")];

    readonly Dictionary<string, FileStream> _open = new(StringComparer.Ordinal);

    /// <summary>Makes the files what these lines say.</summary>
    public void Rewrite(IEnumerable<JsonElement> lines)
    {
        Dispose();
        var wanted = new Dictionary<string, MemoryStream>(StringComparer.Ordinal);
        foreach (var line in lines)
            if (Of(line) is { } found)
            {
                if (!wanted.TryGetValue(found.Folder, out var bytes)) Begin(wanted[found.Folder] = bytes = new(), line);
                found.Event.WriteTo(bytes);
            }
        if (Directory.Exists(folder))
            foreach (var file in Directory.EnumerateFiles(folder, Name, SearchOption.AllDirectories))
                if (!wanted.ContainsKey(Path.GetRelativePath(folder, Path.GetDirectoryName(file)!))) File.Delete(file);
        foreach (var (name, bytes) in wanted) Become(Open(name), bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    /// <summary>Adds what a line says.</summary>
    public void Append(JsonElement line)
    {
        if (Of(line) is not { } found) return;
        if (!_open.TryGetValue(found.Folder, out var file)) Begin(file = Open(found.Folder), line);
        found.Event.WriteTo(file);
        file.Flush(); // for whoever looks on
    }

    public void Dispose()
    {
        foreach (var file in _open.Values) file.Dispose();
        _open.Clear();
    }

    FileStream Open(string name)
    {
        var path = Path.Combine(folder, name);
        Directory.CreateDirectory(path);
        return _open[name] = new(Path.Combine(path, Name), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
    }

    static void Begin(Stream file, JsonElement line) => EventRecord.Begin(Number(line, "time") ?? 0).WriteTo(file);

    // What is there already stays in its place, for a reader that has the file open.
    static void Become(FileStream file, ReadOnlySpan<byte> wanted)
    {
        var there = new byte[file.Length];
        file.ReadExactly(there);
        var same = there.AsSpan().CommonPrefixLength(wanted);
        file.SetLength(same);
        file.Position = same;
        file.Write(wanted[same..]);
        file.Flush();
    }

    static (string Folder, EventRecord Event)? Of(JsonElement line)
    {
        var time = Number(line, "time") ?? 0;
        if (Named(line, "stage") is { } stage)
            return (stage, EventRecord.Scalars(time, line.GetProperty("step").GetInt32(),
                Figures.Select(figure => (figure.Tag, Value: Number(line, figure.Field))).Where(figure => figure.Value is not null).Select(figure => (figure.Tag, figure.Value!.Value))));
        if (Named(line, "model") is { } model)
            return (Path.Combine("evaluations", model), EventRecord.Scalars(time, 0,
            [
                ($"accuracy/{line.GetProperty("kind").GetString()}", line.GetProperty("right").GetDouble() / line.GetProperty("asked").GetDouble()),
                ($"chance/{line.GetProperty("kind").GetString()}", line.GetProperty("chance").GetDouble()),
            ]));
        return null;
    }

    // A name becomes a folder's: one that leads elsewhere is none.
    static string? Named(JsonElement line, string field) =>
        line.TryGetProperty(field, out var name) && name.GetString() is { Length: > 0 } text && text == Path.GetFileName(text) && text is not ("." or "..") ? text : null;

    static double? Number(JsonElement line, string name) =>
        line.TryGetProperty(name, out var number) && number.ValueKind == JsonValueKind.Number ? number.GetDouble() : null;
}
