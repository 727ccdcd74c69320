using System.Text;
using System.Text.Json;
using MmMamba.Runtime.Plans;

namespace MmMamba.Runtime.Distillation;

/// <summary>The model that an artefact was made from.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Fingerprint">Identity of its architecture.</param>
/// <param name="Hash">SHA-256 of its tensors (<see cref="TensorHash"/>).</param>
public sealed record TeacherIdentity(string Name, string Fingerprint, string Hash)
{
    /// <summary>The identity of a loaded model; reads all its tensors once.</summary>
    public static TeacherIdentity Of(VisionLanguageModel teacher) => new(
        teacher.Plan.Name, teacher.Plan.Fingerprint, TensorHash.Of(teacher.Tensors.Select(entry => (entry.Key, (TorchSharp.torch.Tensor)entry.Value))));
}

/// <summary>One stage in the history of an artefact: what was run, or the word that it was skipped.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Skipped">It was skipped; the values after <paramref name="Parent"/> say nothing then.</param>
/// <param name="Parent">SHA-256 of the mixers that it began from.</param>
public sealed record StageRecord(StageKind Stage, bool Skipped, string Parent)
{
    /// <summary>Groups that were trained.</summary>
    public PlanList<TensorGroup> Train { get; init; }

    /// <summary>The loss.</summary>
    public LossKind Loss { get; init; }

    /// <summary>Its factor or temperature.</summary>
    public double LossValue { get; init; }

    /// <summary>Whether the KL was divided by the positions that count.</summary>
    public bool KlPerToken { get; init; }

    /// <summary>Weight in the KL of the positions that predict no token of an answer.</summary>
    public double PromptWeight { get; init; } = 1;

    /// <summary>Whether padding counted in the loss.</summary>
    public bool PaddingCounts { get; init; }

    /// <summary>Highest learning rate.</summary>
    public double LearningRate { get; init; }

    /// <summary>Sequences a step.</summary>
    public int Batch { get; init; }

    /// <summary>Optimizer steps.</summary>
    public int Steps { get; init; }

    /// <summary>Seed of the run.</summary>
    public ulong Seed { get; init; }

    /// <summary>Seed of the order of the data, where it was not <see cref="Seed"/>.</summary>
    public ulong? DataSeed { get; init; }

    /// <summary>What the data was.</summary>
    public string Data { get; init; } = "";

    /// <summary>Loss before the first step.</summary>
    public double FirstLoss { get; init; }

    /// <summary>Loss before the last step.</summary>
    public double LastLoss { get; init; }

    /// <summary>The record of a stage that was run.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="options">How it was run.</param>
    /// <param name="summary">How it went.</param>
    /// <param name="parent">SHA-256 of the mixers that it began from.</param>
    public static StageRecord Of(StagePlan stage, TrainingOptions options, TrainingSummary summary, string parent) => new(stage.Kind, false, parent)
    {
        Train = stage.Train,
        Loss = stage.Loss,
        LossValue = stage.LossValue,
        KlPerToken = stage.Loss == LossKind.LogitsKl && options.KlPerToken,
        PromptWeight = stage.Loss == LossKind.LogitsKl ? options.PromptWeight : 1,
        PaddingCounts = !options.MaskPadding,
        LearningRate = options.LearningRate,
        Batch = options.Batch,
        Steps = summary.Steps,
        Seed = options.Seed,
        DataSeed = options.DataSeed == options.Seed ? null : options.DataSeed,
        Data = options.Data,
        FirstLoss = summary.FirstLoss,
        LastLoss = summary.LastLoss,
    };
}

/// <summary>Where converted mixers come from: a teacher, a seed, and the stages since.</summary>
/// <param name="Teacher">The teacher.</param>
/// <param name="Seed">Keyed the draws of the seeded tensors.</param>
/// <param name="Stages">The stages in order.</param>
public sealed record ArtefactChain(TeacherIdentity Teacher, ulong Seed, PlanList<StageRecord> Stages)
{
    /// <summary>Where a file's metadata holds the chain.</summary>
    public const string MetadataKey = "mmmamba.chain";

    /// <summary>The chain with one more stage.</summary>
    public ArtefactChain With(StageRecord stage) => this with { Stages = [.. Stages, stage] };

    /// <summary>The chain as JSON, for a file's metadata.</summary>
    public string ToJson()
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("teacher");
            json.WriteString("name", Teacher.Name);
            json.WriteString("fingerprint", Teacher.Fingerprint);
            json.WriteString("hash", Teacher.Hash);
            json.WriteEndObject();
            json.WriteNumber("seed", Seed);
            json.WriteStartArray("stages");
            foreach (var stage in Stages) Write(json, stage);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static ArtefactChain Parse(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            var teacher = root.GetProperty("teacher");
            return new ArtefactChain(
                new TeacherIdentity(Text(teacher, "name"), Text(teacher, "fingerprint"), Text(teacher, "hash")),
                root.GetProperty("seed").GetUInt64(),
                [.. root.GetProperty("stages").EnumerateArray().Select(Read)]);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new FormatException($"not a chain of artefacts: {error.Message}", error);
        }
    }

    static void Write(Utf8JsonWriter json, StageRecord stage)
    {
        json.WriteStartObject();
        json.WriteString("stage", PlanWords<StageKind>.Of(stage.Stage));
        json.WriteBoolean("skipped", stage.Skipped);
        json.WriteString("parent", stage.Parent);
        if (!stage.Skipped)
        {
            json.WriteStartArray("train");
            foreach (var group in stage.Train) json.WriteStringValue(PlanWords<TensorGroup>.Of(group));
            json.WriteEndArray();
            json.WriteString("loss", PlanWords<LossKind>.Of(stage.Loss));
            json.WriteNumber("loss_value", stage.LossValue);
            if (stage.KlPerToken) json.WriteBoolean("kl_per_token", true);
            if (stage.PromptWeight != 1) json.WriteNumber("prompt_weight", stage.PromptWeight);
            if (stage.PaddingCounts) json.WriteBoolean("padding_counts", true);
            json.WriteNumber("learning_rate", stage.LearningRate);
            json.WriteNumber("batch", stage.Batch);
            json.WriteNumber("steps", stage.Steps);
            json.WriteNumber("seed", stage.Seed);
            if (stage.DataSeed is { } dataSeed) json.WriteNumber("data_seed", dataSeed);
            json.WriteString("data", stage.Data);
            json.WriteNumber("first_loss", stage.FirstLoss);
            json.WriteNumber("last_loss", stage.LastLoss);
        }

        json.WriteEndObject();
    }

    static StageRecord Read(JsonElement stage)
    {
        var record = new StageRecord(
            Word<StageKind>(stage.GetProperty("stage")), stage.GetProperty("skipped").GetBoolean(), Text(stage, "parent"));
        if (record.Skipped) return record;
        return record with
        {
            Train = [.. stage.GetProperty("train").EnumerateArray().Select(group => Word<TensorGroup>(group))],
            Loss = Word<LossKind>(stage.GetProperty("loss")),
            LossValue = stage.GetProperty("loss_value").GetDouble(),
            KlPerToken = Is(stage, "kl_per_token"),
            PromptWeight = stage.TryGetProperty("prompt_weight", out var weight) ? weight.GetDouble() : 1,
            PaddingCounts = Is(stage, "padding_counts"),
            LearningRate = stage.GetProperty("learning_rate").GetDouble(),
            Batch = stage.GetProperty("batch").GetInt32(),
            Steps = stage.GetProperty("steps").GetInt32(),
            Seed = stage.GetProperty("seed").GetUInt64(),
            DataSeed = stage.TryGetProperty("data_seed", out var dataSeed) ? dataSeed.GetUInt64() : null,
            Data = Text(stage, "data"),
            FirstLoss = stage.GetProperty("first_loss").GetDouble(),
            LastLoss = stage.GetProperty("last_loss").GetDouble(),
        };
    }

    static bool Is(JsonElement stage, string property) => stage.TryGetProperty(property, out var value) && value.GetBoolean();

    static T Word<T>(JsonElement element) where T : struct, Enum =>
        element.GetString() is { } word && PlanWords<T>.TryParse(word, out var value) ? value : throw new FormatException($"'{element}' is no {typeof(T).Name}");

    static string Text(JsonElement element, string property) =>
        element.GetProperty(property).GetString() ?? throw new FormatException($"'{property}' is null");
}
