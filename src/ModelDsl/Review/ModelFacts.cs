using System.Globalization;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Review;

/// <summary>A model as a list of facts: all that a comparison looks at, and nothing that hangs on how or where the spec is written.</summary>
/// <param name="All">The facts, model before layers, layers from the input on.</param>
public sealed record ModelFacts(EquatableArray<Fact> All)
{
    const int BFloat16 = 2;

    /// <summary>The facts of a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="teacher">Its teacher; null where it has none.</param>
    /// <exception cref="ArgumentException">The teacher is missing, superfluous, or another than the model names.</exception>
    public static ModelFacts Of(ResolvedModel model, ResolvedModel? teacher)
    {
        if (model.Teacher != teacher?.Name)
            throw new ArgumentException($"{model.Name} has {model.Teacher ?? "no model"} as its teacher, and was given {teacher?.Name ?? "none"}.", nameof(teacher));
        var facts = new List<Fact>();
        Written(facts, model);
        Inputs(facts, model);
        Transferred(facts, model, teacher);
        if (model.Distillation is { } recipe) Recipe(facts, recipe);
        Limits(facts, model);
        Figures(facts, model);
        foreach (var layer in model.Layers) Layer(facts, model, layer);
        return new(new EquatableArray<Fact>(facts));
    }

    /// <summary>What is so of the whole model under a path; null where nothing is.</summary>
    public string? Find(string path) => All.FirstOrDefault(fact => fact.Layer is null && fact.Path == path)?.Value;

    static void Written(List<Fact> facts, ResolvedModel model)
    {
        Add(facts, "model", model.Name);
        Add(facts, "summary", JsonText.String(model.Summary));
        Add(facts, "file", JsonText.String(model.File));
        Add(facts, "extends", model.Extends);
        Add(facts, "fingerprint", model.Fingerprint);
        Add(facts, "converted_fingerprint", model.Distillation?.ConvertedFingerprint);
    }

    static void Inputs(List<Fact> facts, ResolvedModel model)
    {
        var (tokens, vision) = (model.Tokens, model.Vision);
        Add(facts, "tokens.vocab", Number(tokens.Vocab));
        Add(facts, "tokens.image", Number(tokens.Image));
        Add(facts, "tokens.template", tokens.Template);
        Add(facts, "tokens.system", tokens.System is { } system ? JsonText.String(system) : null);
        Add(facts, "vision.image", Number(vision.Image));
        Add(facts, "vision.patch", Number(vision.Patch));
        Add(facts, "vision.max_tiles", Number(vision.MaxTiles));
        Add(facts, "vision.pixel_shuffle", CanonicalNumber.Of(vision.PixelShuffle));
        Add(facts, "vision.projector", vision.Projector);
        Add(facts, "vision.normalize", vision.Normalize);
        Add(facts, "hidden", Number(model.Hidden));
        Add(facts, "checkpoint", model.Checkpoint);
        foreach (var tower in model.Towers) Add(facts, "towers." + tower.Name, Number(tower.Layers));
    }

    static void Transferred(List<Fact> facts, ResolvedModel model, ResolvedModel? teacher)
    {
        Add(facts, "teacher", model.Teacher);
        Add(facts, "teacher.fingerprint", teacher?.Fingerprint);
        if (model.Seed is { } seed)
        {
            Add(facts, "seed", Words.Of(seed.Kind));
            if (seed.Kind == SeedKind.Mimic) Add(facts, "seed.mimic.decay_log", CanonicalNumber.Of(seed.DecayLog));
        }
        Origins(facts, null, model.Tensors.Where(tensor => tensor.Layer < 0));
        foreach (var (name, count) in TensorLine.Collapsed(model.DroppedFromTeacher)) Add(facts, "dropped." + name, Number(count));
    }

    static void Recipe(List<Fact> facts, ResolvedDistillation recipe)
    {
        var (adamw, schedule) = (recipe.Optimizer, recipe.Schedule);
        Add(facts, "distill.optimizer.adamw.betas", $"{CanonicalNumber.Of(adamw.Beta1)} {CanonicalNumber.Of(adamw.Beta2)}");
        Add(facts, "distill.optimizer.adamw.eps", CanonicalNumber.Of(adamw.Eps));
        Add(facts, "distill.optimizer.adamw.weight_decay", CanonicalNumber.Of(adamw.WeightDecay));
        Add(facts, "distill.clip", CanonicalNumber.Of(recipe.Clip));
        Add(facts, "distill.schedule", Words.Of(schedule.Kind));
        Add(facts, "distill.schedule.warmup", CanonicalNumber.Of(100 * schedule.Warmup) + "%");
        if (schedule.Kind == ScheduleKind.Wsd) Add(facts, "distill.schedule.decay", CanonicalNumber.Of(100 * schedule.Decay) + "%");
        foreach (var stage in recipe.Stages)
        {
            var (spec, path) = (stage.Spec, "distill.stages." + Words.Of(stage.Spec.Kind));
            Add(facts, path + ".train", string.Join(" ", spec.Train.Select(Words.Of)));
            Add(facts, path + ".loss", LossText.Of(spec));
            Add(facts, path + ".padding", spec.PaddingCounts ? "counted" : null);
            Add(facts, path + ".lr", CanonicalNumber.Of(spec.LearningRate));
            Add(facts, path + ".batch", Number(spec.Batch));
            Add(facts, path + ".steps", Number(spec.Steps));
        }
        Add(facts, "distill.run", recipe.Run.Count == 0 ? "none" : string.Join(" ", recipe.Run.Select(Words.Of)));
    }

    static void Limits(List<Fact> facts, ResolvedModel model)
    {
        if (model.Budget is { } budget)
        {
            Add(facts, "budget.max.parameters", budget.Parameters is { } parameters ? CanonicalNumber.Of(parameters) : null);
            Add(facts, "budget.max.trainable", budget.Trainable is { } share ? CanonicalNumber.Of(100 * share) + "%" : null);
            Add(facts, "budget.max.cache", budget.Cache is { } cache ? $"{Number(cache.Bytes)} B at {Number(cache.Tokens)} tokens" : null);
        }
        if (model.Reported is { } reported)
            Add(facts, "reported", $"{CanonicalNumber.Of(reported.MemoryGb)} GB at {Number(reported.Tokens)} tokens in {JsonText.String(reported.Source)}");
    }

    static void Figures(List<Fact> facts, ResolvedModel model)
    {
        var costs = Costs.Of(model);
        Add(facts, "parameters", Number(model.ParameterCount));
        Add(facts, "tensors", Number(model.Tensors.Count));
        foreach (var stage in model.Distillation?.Stages ?? []) Add(facts, "trained." + Words.Of(stage.Spec.Kind), Number(stage.TrainedCount));
        Add(facts, "bytes.weights", Number(costs.WeightBytes(BFloat16)));
        foreach (var tokens in Costs.Lengths) Add(facts, "bytes.cache." + Number(tokens), Number(costs.CacheBytes(tokens, BFloat16)));
    }

    static void Layer(List<Fact> facts, ResolvedModel model, ResolvedLayer layer)
    {
        var (place, mixer) = (new LayerPlace(layer.Tower, layer.LocalIndex), layer.Mixer);
        void Is(string path, string? value) => Add(facts, path, value, place);

        Is("mixer", mixer.Kind.Word);
        Is("attention.heads", Number(mixer.Heads));
        Is("attention.kv_heads", Number(mixer.KvHeads));
        Is("attention.head_dim", Number(mixer.HeadDim));
        Is("norm.rms", CanonicalNumber.Of(layer.NormEps));
        Is("mlp.swiglu", Number(layer.MlpHidden));
        foreach (var (path, value) in mixer.Facts) Is(path, value);
        // Stages 1 and 2 train a mixer for the layers, too, that keep attention.
        if (!mixer.Kind.Converts && model.Distillation is { } recipe)
            foreach (var (path, value) in recipe.ConvertedLayers[layer.Index].Mixer.Facts) Is(path, value);
        Origins(facts, place, model.Tensors.Where(tensor => tensor.Layer == layer.Index));
    }

    // A group's tensors that come from different places, such as the taps and the bias of a convolution, are told in turn.
    static void Origins(List<Fact> facts, LayerPlace? place, IEnumerable<ResolvedTensor> tensors)
    {
        foreach (var group in tensors.GroupBy(tensor => tensor.Group))
        {
            var origins = group.Select(tensor => TensorLine.OriginText(tensor.Name, tensor.Origin)).Distinct(StringComparer.Ordinal);
            Add(facts, "origin." + Words.Of(group.Key), string.Join(" and ", origins), place);
        }
    }

    static void Add(List<Fact> facts, string path, string? value, LayerPlace? place = null)
    {
        if (value is not null) facts.Add(new(path, place, value));
    }

    static string Number(decimal value) => value.ToString(CultureInfo.InvariantCulture);
}
