using System.Text.Json;
using MmMamba.Runtime.Layers;
using static MmMamba.Runtime.Plans.PlanText;

namespace MmMamba.Runtime.Plans;

/// <summary>Plans as text: what the compiler prints from a spec, what a checkpoint carries.</summary>
public static class PlanJson
{
    const int Edition = 1;

    /// <summary>Reads a plan.</summary>
    /// <param name="text">JSON as <see cref="Write"/> gives it; the order of keys and the spacing may differ.</param>
    /// <param name="source">What the text is, for messages: a file, or a checkpoint's entry.</param>
    /// <exception cref="InputException">
    /// The text is no JSON, lacks a key, has an unknown or repeated one, or a value that no plan can have.
    /// </exception>
    public static ModelPlan Parse(string text, string source = "plan")
    {
        try
        {
            using var document = JsonDocument.Parse(text, new() { AllowDuplicateProperties = false });
            var plan = PlanFields.Read(document.RootElement, "", source, Model);
            PlanRules.Check(plan, source);
            return plan;
        }
        // A text with half a surrogate pair is an ArgumentException; a repeated key has no line.
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            var place = error is not JsonException json ? ", its characters are broken"
                : json.LineNumber is { } line ? $" at line {line + 1}"
                : ", a key occurs twice in one object";
            throw new InputException($"{source}: not the JSON of a plan{place}; write it again with the tool that made it.", error);
        }
    }

    static ModelPlan Model(PlanFields fields)
    {
        if (fields.Int("mmplan") is not Edition and var edition)
            throw fields.Unknown("mmplan", $"{edition}", $"{Edition}");
        return new()
        {
            Name = fields.String("name"),
            Summary = fields.String("summary"),
            Teacher = fields.StringOrNull("teacher"),
            Fingerprint = fields.String("fingerprint"),
            ParameterCount = fields.Long("parameter_count"),
            Tokens = fields.Object("tokens", f => new TokenPlan(f.Int("vocab"), f.Int("image"), f.String("template"), f.StringOrNull("system"))),
            Vision = fields.Object("vision", f => new VisionPlan(
                f.Int("image"), f.Int("patch"), f.Int("max_tiles"), f.Double("pixel_shuffle"), f.String("projector"), f.String("normalize"))),
            HiddenSize = fields.Int("hidden_size"),
            Checkpoint = fields.String("checkpoint"),
            Layers = fields.Objects("layers", Layer),
            Tensors = fields.Objects("tensors", Tensor),
            DroppedFromTeacher = fields.Strings("dropped_from_teacher"),
            Distillation = fields.ObjectOrNull("distillation", Distillation),
        };
    }

    static LayerPlan Layer(PlanFields fields) => new(
        fields.Int("index"), fields.String("tower"), fields.Int("local_index"), fields.Object("mixer", Mixer),
        fields.Double("norm_eps"), fields.Int("mlp_hidden"), fields.String("source"));

    static MixerPlan Mixer(PlanFields fields)
    {
        var kind = fields.String("kind");
        return (MixerTypes.Find(kind) ?? throw fields.Unknown("kind", kind, [.. MixerTypes.Words])).Read(fields);
    }

    static TensorPlan Tensor(PlanFields fields) => new(
        fields.String("name"), fields.Longs("shape"), fields.Word<TensorGroup>("group"), fields.Int("layer"), fields.Object("origin", Origin));

    static TensorOrigin Origin(PlanFields fields) => fields.String("kind") switch
    {
        "copied" => new Copied(fields.String("from")),
        "sliced" => new Sliced(fields.String("from"), fields.Int("first"), fields.Int("rows"), fields.Int("stride")),
        "drawn" => new Drawn(fields.Word<Draw>("draw"), fields.Double("a"), fields.Double("b")),
        var other => throw fields.Unknown("kind", other, "copied", "sliced", "drawn"),
    };

    static DistillationPlan Distillation(PlanFields fields) => new()
    {
        ConvertedFingerprint = fields.String("converted_fingerprint"),
        Optimizer = fields.Object("optimizer", f => new AdamWPlan(
            f.Double("beta1"), f.Double("beta2"), f.Double("eps"), f.Double("weight_decay"))),
        Clip = fields.Double("clip"),
        Schedule = fields.Object("schedule", f => new SchedulePlan(f.Word<ScheduleKind>("kind"), f.Double("warmup"), f.Double("decay"))),
        Stages = fields.Objects("stages", Stage),
        Run = fields.Words<StageKind>("run"),
        ConvertedLayers = fields.Objects("converted_layers", Layer),
        ConvertedTensors = fields.Objects("converted_tensors", Tensor),
    };

    static StagePlan Stage(PlanFields fields) => new(
        fields.Word<StageKind>("kind"), fields.Words<TensorGroup>("train"), fields.Word<LossKind>("loss"), fields.Double("loss_value"),
        fields.Double("learning_rate"), fields.Int("batch"), fields.Int("steps"), fields.Long("trained_count"), fields.Long("total_count"))
    {
        PerToken = fields.Has("per_token") && fields.Flag("per_token"),
        PromptWeight = fields.Has("prompt_weight") ? fields.Double("prompt_weight") : 1,
        PaddingCounts = fields.Has("padding_counts") && fields.Flag("padding_counts"),
    };

    /// <summary>The plan's canonical text: fixed order of keys, one layer and one tensor a line, the same bytes on every machine.</summary>
    public static string Write(ModelPlan plan)
    {
        var (tokens, vision) = (plan.Tokens, plan.Vision);
        var json = new PlanText()
            .Field("mmplan", Number(Edition))
            .Field("name", String(plan.Name))
            .Field("summary", String(plan.Summary))
            .Field("teacher", String(plan.Teacher))
            .Field("fingerprint", String(plan.Fingerprint))
            .Field("parameter_count", Number(plan.ParameterCount))
            .Field("tokens", Inline(
                ("vocab", Number(tokens.Vocab)), ("image", Number(tokens.Image)),
                ("template", String(tokens.Template)), ("system", String(tokens.System))))
            .Field("vision", Inline(
                ("image", Number(vision.Image)), ("patch", Number(vision.Patch)), ("max_tiles", Number(vision.MaxTiles)),
                ("pixel_shuffle", Number(vision.PixelShuffle)), ("projector", String(vision.Projector)), ("normalize", String(vision.Normalize))))
            .Field("hidden_size", Number(plan.HiddenSize))
            .Field("checkpoint", String(plan.Checkpoint))
            .Lines("layers", plan.Layers.Select(Text))
            .Lines("tensors", plan.Tensors.Select(Text))
            .Lines("dropped_from_teacher", plan.DroppedFromTeacher.Select(String));
        if (plan.Distillation is not { } recipe) return json.Field("distillation", "null").ToString();
        return json.Object("distillation", fields => fields
            .Field("converted_fingerprint", String(recipe.ConvertedFingerprint))
            .Field("optimizer", Inline(
                ("beta1", Number(recipe.Optimizer.Beta1)), ("beta2", Number(recipe.Optimizer.Beta2)),
                ("eps", Number(recipe.Optimizer.Eps)), ("weight_decay", Number(recipe.Optimizer.WeightDecay))))
            .Field("clip", Number(recipe.Clip))
            .Field("schedule", Inline(
                ("kind", Word(recipe.Schedule.Kind)), ("warmup", Number(recipe.Schedule.Warmup)), ("decay", Number(recipe.Schedule.Decay))))
            .Lines("stages", recipe.Stages.Select(Text))
            .Field("run", List(recipe.Run.Select(Word)))
            .Lines("converted_layers", recipe.ConvertedLayers.Select(Text))
            .Lines("converted_tensors", recipe.ConvertedTensors.Select(Text))).ToString();
    }

    static string Text(LayerPlan layer) => Inline(
        ("index", Number(layer.Index)), ("tower", String(layer.Tower)), ("local_index", Number(layer.LocalIndex)), ("mixer", Text(layer.Mixer)),
        ("norm_eps", Number(layer.NormEps)), ("mlp_hidden", Number(layer.MlpHidden)), ("source", String(layer.Source)));

    static string Text(MixerPlan mixer)
    {
        var type = MixerTypes.Of(mixer);
        return Inline(
        [
            ("kind", String(type.Word)), ("heads", Number(mixer.Heads)), ("kv_heads", Number(mixer.KvHeads)), ("head_dim", Number(mixer.HeadDim)),
            .. type.Fields(mixer),
        ]);
    }

    static string Text(TensorPlan tensor) => Inline(
        ("name", String(tensor.Name)), ("shape", List(tensor.Shape.Select(Number))), ("group", Word(tensor.Group)),
        ("layer", Number(tensor.Layer)), ("origin", Text(tensor.Origin)));

    static string Text(TensorOrigin origin) => origin switch
    {
        Copied copied => Inline(("kind", String("copied")), ("from", String(copied.From))),
        Sliced sliced => Inline(
            ("kind", String("sliced")), ("from", String(sliced.From)),
            ("first", Number(sliced.First)), ("rows", Number(sliced.Rows)), ("stride", Number(sliced.Stride))),
        Drawn drawn => Inline(("kind", String("drawn")), ("draw", Word(drawn.Draw)), ("a", Number(drawn.A)), ("b", Number(drawn.B))),
        _ => throw new ArgumentOutOfRangeException(nameof(origin), origin, "An origin is copied, sliced or drawn."),
    };

    // A switch that stands as it stands by itself is not written, so that plans which say nothing of it are equal.
    static string Text(StagePlan stage) => Inline(
    [
        ("kind", Word(stage.Kind)), ("train", List(stage.Train.Select(Word))),
        ("loss", Word(stage.Loss)), ("loss_value", Number(stage.LossValue)), ("learning_rate", Number(stage.LearningRate)),
        ("batch", Number(stage.Batch)), ("steps", Number(stage.Steps)),
        ("trained_count", Number(stage.TrainedCount)), ("total_count", Number(stage.TotalCount)),
        .. stage.PerToken ? [("per_token", Flag(true))] : Array.Empty<(string, string)>(),
        .. stage.PromptWeight != 1 ? [("prompt_weight", Number(stage.PromptWeight))] : Array.Empty<(string, string)>(),
        .. stage.PaddingCounts ? [("padding_counts", Flag(true))] : Array.Empty<(string, string)>(),
    ]);

    static string Word<T>(T value) where T : struct, Enum => String(PlanWords<T>.Of(value));
}
