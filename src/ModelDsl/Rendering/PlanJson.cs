using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;
using static MmMamba.ModelDsl.Rendering.JsonText;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>The plan of a model, which the engine runs and checkpoints carry, as canonical JSON.</summary>
public static class PlanJson
{
    /// <summary>The plan's text: fixed order of keys, one layer and one tensor a line, the same bytes on every machine.</summary>
    public static string Render(ResolvedModel model)
    {
        var (tokens, vision) = (model.Tokens, model.Vision);
        var json = new JsonText()
            .Field("mmplan", Number(1))
            .Field("name", String(model.Name))
            .Field("summary", String(model.Summary))
            .Field("teacher", String(model.Teacher))
            .Field("fingerprint", String(model.Fingerprint))
            .Field("parameter_count", Number(model.ParameterCount))
            .Field("tokens", Inline(
                ("vocab", Number(tokens.Vocab)), ("image", Number(tokens.Image)),
                ("template", String(tokens.Template)), ("system", String(tokens.System))))
            .Field("vision", Inline(
                ("image", Number(vision.Image)), ("patch", Number(vision.Patch)), ("max_tiles", Number(vision.MaxTiles)),
                ("pixel_shuffle", Number(vision.PixelShuffle)), ("projector", String(vision.Projector)), ("normalize", String(vision.Normalize))))
            .Field("hidden_size", Number(model.Hidden))
            .Field("checkpoint", String(model.Checkpoint))
            .Lines("layers", model.Layers.Select(Layer))
            .Lines("tensors", model.Tensors.Select(Tensor))
            .Lines("dropped_from_teacher", model.DroppedFromTeacher.Select(String));
        if (model.Distillation is not { } recipe) return json.Field("distillation", "null").ToString();
        return json.Object("distillation", fields => fields
            .Field("converted_fingerprint", String(recipe.ConvertedFingerprint))
            .Field("optimizer", Inline(
                ("beta1", Number(recipe.Optimizer.Beta1)), ("beta2", Number(recipe.Optimizer.Beta2)),
                ("eps", Number(recipe.Optimizer.Eps)), ("weight_decay", Number(recipe.Optimizer.WeightDecay))))
            .Field("clip", Number(recipe.Clip))
            .Field("schedule", Inline(
                ("kind", String(Words.Of(recipe.Schedule.Kind))),
                ("warmup", Number(recipe.Schedule.Warmup)), ("decay", Number(recipe.Schedule.Decay))))
            .Lines("stages", recipe.Stages.Select(Stage))
            .Field("run", List(recipe.Run.Select(kind => String(Words.Of(kind)))))
            .Lines("converted_layers", recipe.ConvertedLayers.Select(Layer))
            .Lines("converted_tensors", recipe.ConvertedTensors.Select(Tensor))).ToString();
    }

    static string Layer(ResolvedLayer layer) => Inline(
        ("index", Number(layer.Index)), ("tower", String(layer.Tower)), ("local_index", Number(layer.LocalIndex)), ("mixer", Mixer(layer.Mixer)),
        ("norm_eps", Number(layer.NormEps)), ("mlp_hidden", Number(layer.MlpHidden)), ("source", String(layer.Source)));

    static string Mixer(ResolvedMixer mixer) => Inline(
    [
        ("kind", String(mixer.Kind.Word)), ("heads", Number(mixer.Heads)), ("kv_heads", Number(mixer.KvHeads)), ("head_dim", Number(mixer.HeadDim)),
        .. mixer.Settings.Select(setting => (setting.Name, Setting(setting.Value))),
    ]);

    static string Setting(object? value) => value switch
    {
        null => "null",
        bool on => Flag(on),
        int whole => Number(whole),
        decimal number => Number(number),
        _ => throw new ArgumentOutOfRangeException(nameof(value), value, "A setting is a whole number, a number or a switch."),
    };

    static string Tensor(ResolvedTensor tensor) => Inline(
        ("name", String(tensor.Name)), ("shape", List(tensor.Shape.Select(Number))), ("group", String(Words.Of(tensor.Group))),
        ("layer", Number(tensor.Layer)), ("origin", Origin(tensor.Origin)));

    static string Origin(TensorOrigin origin) => origin switch
    {
        Copied copied => Inline(("kind", String("copied")), ("from", String(copied.From))),
        Sliced sliced => Inline(
            ("kind", String("sliced")), ("from", String(sliced.From)),
            ("first", Number(sliced.First)), ("rows", Number(sliced.Rows)), ("stride", Number(sliced.Stride))),
        Drawn drawn => Inline(
            ("kind", String("drawn")), ("draw", String(Words.Of(drawn.Draw))), ("a", Number(drawn.A)), ("b", Number(drawn.B))),
        _ => throw new ArgumentOutOfRangeException(nameof(origin), origin, "An origin is copied, sliced or drawn."),
    };

    // A switch that stands as it stands by itself is not written, so that plans which say nothing of it are equal.
    static string Stage(ResolvedStage stage) => Inline(
    [
        ("kind", String(Words.Of(stage.Spec.Kind))), ("train", List(stage.Spec.Train.Select(group => String(Words.Of(group))))),
        ("loss", String(Words.Of(stage.Spec.Loss))), ("loss_value", Number(stage.Spec.LossValue)), ("learning_rate", Number(stage.Spec.LearningRate)),
        ("batch", Number(stage.Spec.Batch)), ("steps", Number(stage.Spec.Steps)),
        ("trained_count", Number(stage.TrainedCount)), ("total_count", Number(stage.TotalCount)),
        .. stage.Spec.PerToken ? [("per_token", Flag(true))] : Array.Empty<(string, string)>(),
        .. stage.Spec.PromptWeight != 1 ? [("prompt_weight", Number(stage.Spec.PromptWeight))] : Array.Empty<(string, string)>(),
        .. stage.Spec.PaddingCounts ? [("padding_counts", Flag(true))] : Array.Empty<(string, string)>(),
    ]);
}
