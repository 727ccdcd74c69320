using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Mixers;
using static MmMamba.ModelDsl.Rendering.JsonText;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>What the sheet says, for programs: counts, layers, transfer and memory of a model as JSON.</summary>
public static class DescribeJson
{
    const int BFloat16 = 2, Float32 = 4;

    /// <summary>The description's text: fixed order of keys, the same bytes on every machine.</summary>
    public static string Render(ResolvedModel model)
    {
        var (census, costs, recipe) = (Census.Of(model), Costs.Of(model), model.Distillation);
        var json = new JsonText()
            .Field("name", String(model.Name))
            .Field("summary", String(model.Summary))
            .Field("file", String(model.File))
            .Field("extends", String(model.Extends))
            .Field("teacher", String(model.Teacher))
            .Field("fingerprint", String(model.Fingerprint))
            .Field("converted_fingerprint", String(recipe?.ConvertedFingerprint))
            .Field("recipe_fingerprint", String(ModelIdentity.Of(model).Recipe))
            .Field("checkpoint", String(model.Checkpoint))
            .Field("parameter_count", Number(model.ParameterCount))
            .Field("tensor_count", Number(model.Tensors.Count))
            .Field("layer_count", Number(model.Layers.Count));
        foreach (var kind in MixerKinds.All) json.Field($"{kind.Word}_layer_count", Number(model.Layers.Count(layer => layer.Mixer.Kind == kind)));
        json.Field("hidden_size", Number(model.Hidden))
            .Field("vocab", Number(model.Tokens.Vocab))
            .Field("tokens_per_tile", Number(model.TokensPerTile))
            .Object("parameters", fields =>
            {
                fields.Field("vision", Tallied(census.Vision)).Field("embeddings_and_head", Tallied(census.Embeddings));
                foreach (var (kind, tally) in census.Mixers) fields.Field(kind.Word, Tallied(tally));
                fields.Field("mlp", Tallied(census.Mlp)).Field("norms", Tallied(census.Norms));
            })
            .Object("bytes", fields => fields
                .Field("weights", ByType(costs.WeightBytes))
                .Field("kv_cache_per_token", ByType(bytes => costs.KvBytes(1, bytes)))
                .Field("mamba2_state", ByType(bytes => costs.StateBytes(bytes)))
                .Lines("cache", Costs.Lengths.Select(tokens => Inline(
                    ("tokens", Number(tokens)),
                    ("bfloat16", Number(costs.CacheBytes(tokens, BFloat16))), ("float32", Number(costs.CacheBytes(tokens, Float32)))))));
        json.Lines("work", Costs.Lengths.Select(tokens => Work(costs, tokens)))
            .Lines("work_terms", Terms(costs))
            .Field("flops_per_tile", Number(costs.Coefficient(CostQuantity.Flops, CostUnit.Tile)))
            .Field("reported", model.Reported is not { } reported ? "null" : Inline(
                ("source", String(reported.Source)), ("tokens", Number(reported.Tokens)), ("memory_gb", Number(reported.MemoryGb))));
        if (model.Teacher is null) json.Field("transfer", "null");
        else
            json.Object("transfer", fields => fields
                .Field("seed", String(model.Seed is { } seed ? Words.Of(seed.Kind) : null))
                .Field("copied", Tallied(census.Copied))
                .Field("sliced", Tallied(census.Sliced))
                .Field("drawn", Tallied(census.Drawn))
                .Lines("dropped", model.DroppedFromTeacher.Select(String)));
        return json
            .Lines("stages", recipe is null ? [] : recipe.Stages.Select(stage => Stage(stage, recipe)))
            .Lines("layers", model.Layers.Select(layer => Layer(layer, model.Hidden)))
            .ToString();
    }

    static string Work(Costs costs, int tokens) => Inline(
        ("tokens", Number(tokens)),
        ("prefill_flops", Number(costs.PrefillFlops(tokens))), ("decode_flops", Number(costs.DecodeFlops(tokens))),
        ("decode_bytes_read", Inline(
            ("bfloat16", Number(costs.DecodeBytesRead(tokens, BFloat16))), ("float32", Number(costs.DecodeBytesRead(tokens, Float32))))));

    static IEnumerable<string> Terms(Costs costs)
    {
        var prefill = Costs.Lengths.Select(tokens => costs.Lines(CostQuantity.Flops, new(tokens)).ToDictionary(line => line.Term, line => line.Total)).ToArray();
        var decode = Costs.Lengths.Select(tokens => costs.Lines(CostQuantity.Flops, new(1, Past: tokens)).ToDictionary(line => line.Term, line => line.Total)).ToArray();
        string At(Dictionary<CostTerm, decimal>[] lengths, CostTerm term) =>
            List(lengths.Select(terms => Number(terms.TryGetValue(term, out var total) ? total : 0)));
        return CostTable.All.Where(term => prefill.Concat(decode).Any(terms => terms.ContainsKey(term)))
            .Select(term => Inline(("term", String(term.Name)), ("of", String(term.Where)), ("prefill", At(prefill, term)), ("decode", At(decode, term))));
    }

    static string Tallied(Tally tally) => Inline(("tensor_count", Number(tally.Tensors)), ("parameter_count", Number(tally.Parameters)));

    static string ByType(Func<int, decimal> bytes) => Inline(("bfloat16", Number(bytes(BFloat16))), ("float32", Number(bytes(Float32))));

    static string Stage(ResolvedStage stage, ResolvedDistillation recipe) => Inline(
        ("stage", String(Words.Of(stage.Spec.Kind))), ("run", Flag(recipe.Run.Contains(stage.Spec.Kind))),
        ("trained_count", Number(stage.TrainedCount)), ("total_count", Number(stage.TotalCount)), ("trained_percent", Number(stage.Percent)),
        ("trained_tensor_count", Number(stage.TrainedTensors)), ("gradient_bytes", ByType(bytes => stage.GradientBytes(bytes))), ("optimizer_bytes", ByType(bytes => stage.OptimizerBytes(bytes))),
        ("train", List(stage.Spec.Train.Select(group => String(Words.Of(group))))),
        ("loss", String(Words.Of(stage.Spec.Loss))), ("loss_value", Number(stage.Spec.LossValue)),
        ("loss_per", String(stage.Spec.PerToken ? "token" : "sequence")), ("prompt_weight", Number(stage.Spec.PromptWeight)), ("padding", String(stage.Spec.PaddingCounts ? "counted" : "masked")),
        ("learning_rate", Number(stage.Spec.LearningRate)), ("batch", Number(stage.Spec.Batch)), ("steps", Number(stage.Spec.Steps)));

    static string Layer(ResolvedLayer layer, int hidden) => Inline(
        ("index", Number(layer.Index)), ("tower", String(layer.Tower)), ("local_index", Number(layer.LocalIndex)),
        ("mixer", String(layer.Mixer.Kind.Word)), ("mixer_fingerprint", String(Fingerprint.Of(hidden, layer.Mixer))), ("source", String(layer.Source)));
}
