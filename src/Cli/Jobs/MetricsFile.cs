using System.Buffers;
using System.Text;
using System.Text.Json;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Evaluation;

namespace MmMamba.Cli.Jobs;

/// <summary>
/// A run's figures as lines of JSON: one an optimizer step, one a kind of question that a model was asked. A run that goes on keeps the lines of what
/// is done and drops those that it will write again. <see cref="EventFiles"/> says the same to TensorBoard.
/// </summary>
sealed class MetricsFile : IDisposable
{
    readonly string _path;
    readonly List<StepReport> _steps = [];
    readonly HashSet<string> _begun = new(StringComparer.Ordinal);
    readonly EventFiles _events;
    FileStream _file;

    /// <summary>Opens the file, and makes it if it isn't there; what TensorBoard reads lies beside it.</summary>
    public MetricsFile(string path)
    {
        _path = path;
        _events = new(Path.Combine(Path.GetDirectoryName(path)!, RunFolder.Events));
        _file = Append();
        Keep(_ => true);
    }

    /// <summary>Every step that has a line, in order.</summary>
    public IReadOnlyList<StepReport> Steps => _steps;

    void Keep(Func<JsonElement, bool> keep)
    {
        _file.Dispose();
        _steps.Clear();
        var whole = new StringBuilder();
        var kept = new List<JsonElement>();
        foreach (var (raw, line) in Lines().Where(line => keep(line.Line)))
        {
            whole.Append(raw).Append('\n');
            kept.Add(line);
            if (line.TryGetProperty("stage", out _)) _steps.Add(Report(line));
        }
        var bytes = Encoding.UTF8.GetBytes(whole.ToString());
        if (bytes.Length != new FileInfo(_path).Length) AtomicFile.Write(_path, bytes);
        _file = Append();
        _events.Rewrite(kept);
    }

    FileStream Append() => new(_path, FileMode.Append, FileAccess.Write, FileShare.Read);

    // A line that was torn by the end of its process is none; nor is what a machine without power left, or anything behind it.
    IEnumerable<(string Raw, JsonElement Line)> Lines()
    {
        var lines = File.ReadAllText(_path).Split('\n');
        foreach (var raw in lines[..^1])
        {
            if (Parsed(raw) is not { } line) yield break;
            yield return (raw, line);
        }
    }

    static JsonElement? Parsed(string raw)
    {
        try
        {
            using var document = JsonDocument.Parse(raw);
            return IsWhole(document.RootElement) ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // It has all that is read of it.
    static bool IsWhole(JsonElement line)
    {
        return line.ValueKind == JsonValueKind.Object && (line.TryGetProperty("stage", out var stage)
            ? stage.ValueKind == JsonValueKind.String && Has("step", value => value.TryGetInt32(out _)) && Has("tokens", value => value.TryGetInt64(out _))
                && Has("seconds", value => value.GetDouble() is >= 0 and < 1e9)
                && ((string[])["loss", "learning_rate", "gradient_norm"]).All(name => line.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.Number or JsonValueKind.Null)
            : line.TryGetProperty("model", out var model) && model.ValueKind == JsonValueKind.String && line.TryGetProperty("kind", out var kind) && kind.ValueKind == JsonValueKind.String
                && ((string[])["right", "asked", "chance"]).All(name => Has(name, _ => true)));

        bool Has(string name, Func<JsonElement, bool> fits) => line.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && fits(value);
    }

    static StepReport Report(JsonElement line) => new(
        line.GetProperty("stage").GetString()!, line.GetProperty("step").GetInt32(), 0, Number(line, "loss"), Number(line, "learning_rate"), Number(line, "gradient_norm"),
        line.GetProperty("tokens").GetInt64(), 0, TimeSpan.FromSeconds(Number(line, "seconds")), TimeSpan.Zero)
    {
        Skipped = line.TryGetProperty("skipped", out _),
    };

    static double Number(JsonElement line, string name) =>
        line.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : double.NaN;

    /// <summary>Writes a step. Lines of its stage that say more than what goes before it are of a time that was lost, and go.</summary>
    /// <param name="step">The step.</param>
    /// <param name="memory">Memory that the job takes, in bytes; null where nobody tells.</param>
    public void Step(StepReport step, long? memory = null)
    {
        if (_begun.Add(step.Stage))
            Keep(line => !line.TryGetProperty("stage", out var stage) || stage.GetString() != step.Stage || line.GetProperty("step").GetInt32() < step.Step);
        _steps.Add(step);
        Append(json =>
        {
            json.WriteString("stage", step.Stage);
            json.WriteNumber("step", step.Step);
            Write(json, "loss", step.Loss);
            json.WriteNumber("learning_rate", step.LearningRate);
            Write(json, "gradient_norm", step.GradientNorm);
            json.WriteNumber("tokens", step.Tokens);
            json.WriteNumber("seconds", Math.Round(step.Elapsed.TotalSeconds, 3));
            json.WriteNumber("tokens_per_second", Math.Round(step.TokensPerSecond, 1));
            if (memory is { } bytes) json.WriteNumber("memory", bytes);
            if (step.Skipped) json.WriteBoolean("skipped", true);
        });
    }

    // JSON has no word for what is no finite number.
    static void Write(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value)) json.WriteNumber(name, value);
        else json.WriteNull(name);
    }

    /// <summary>Writes a model's evaluation, in the place of one that was not finished.</summary>
    public void Evaluation(string model, EvaluationResult result)
    {
        Keep(line => !line.TryGetProperty("model", out var name) || name.GetString() != model);
        foreach (var kind in result.Kinds)
            Append(json =>
            {
                json.WriteString("model", model);
                json.WriteString("kind", kind.Kind);
                json.WriteNumber("right", kind.Accuracy.Successes);
                json.WriteNumber("asked", kind.Accuracy.Trials);
                json.WriteNumber("low", kind.Accuracy.Low);
                json.WriteNumber("high", kind.Accuracy.High);
                json.WriteNumber("chance", kind.Chance);
            });
    }

    void Append(Action<Utf8JsonWriter> fields)
    {
        var line = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteNumber("time", Math.Round(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0, 3));
            json.WriteEndObject();
        }
        using (var written = JsonDocument.Parse(line.WrittenMemory)) _events.Append(written.RootElement);
        line.Write("\n"u8);
        _file.Write(line.WrittenSpan);
        _file.Flush(); // for whoever looks on
    }

    /// <summary>What was written is on the disk then.</summary>
    public void Flush() => _file.Flush(flushToDisk: true);

    public void Dispose()
    {
        _file.Dispose();
        _events.Dispose();
    }
}
