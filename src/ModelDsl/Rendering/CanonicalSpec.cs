using System.Globalization;
using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>
/// A spec in full: every key with its value, defaults too, nothing extended, layers listed, in the order of the table of keys. Two specs
/// that say the same have one canonical form, whatever they extend and however they are written.
/// </summary>
public static class CanonicalSpec
{
    /// <summary>The canonical form: YAML that binds to the same model again.</summary>
    public static string Render(ModelSpec spec) =>
        string.Concat(Lines(spec, null).Select(line => line.Text + "\n"));

    /// <summary>The form line by line.</summary>
    /// <param name="origins">Knows what decided the values; null where that is not asked.</param>
    internal static IReadOnlyList<CanonicalLine> Lines(ModelSpec spec, OriginFinder? origins)
    {
        var form = new CanonicalLines(origins);
        form.Leaf("1", "mmmodel");
        form.Leaf(spec.Name, "model");
        if (spec.Summary.Length > 0) form.Leaf(CanonicalValue.Quoted(spec.Summary), "summary");

        var (tokens, vision) = (spec.Tokens, spec.Vision);
        form.Leaf(tokens.Vocab, "tokens", "vocab");
        form.Leaf(tokens.Image, "tokens", "image");
        form.Leaf(tokens.Template, "tokens", "template");
        if (tokens.System is { } system) form.Leaf(CanonicalValue.Quoted(system), "tokens", "system");
        form.Leaf(vision.Image, "vision", "image");
        form.Leaf(vision.Patch, "vision", "patch");
        form.Leaf(vision.MaxTiles, "vision", "max_tiles");
        form.Leaf(vision.PixelShuffle, "vision", "pixel_shuffle");
        form.Leaf(vision.Projector, "vision", "projector");
        form.Leaf(vision.Normalize, "vision", "normalize");
        CanonicalLayers.Towers(form, spec);
        form.Leaf(spec.Hidden, "hidden");
        var mixers = MixerKinds.All.ToLookup(kind => kind.Key.Required, kind => kind.Word);
        CanonicalLayers.Shared(form, spec, ["norm", "mlp", .. mixers[true]]);
        CanonicalLayers.Placed(form, spec);
        CanonicalLayers.Shared(form, spec, mixers[false]);
        CanonicalLayers.Overrides(form, spec);

        if (spec.Teacher is { } teacher) form.Leaf(teacher, "teacher");
        if (spec.Seed is { } seed)
        {
            if (seed.Kind == SeedKind.Mimic)
            {
                form.Case("seed", "mimic");
                form.Leaf(seed.DecayLog, "seed", "mimic", "decay_log");
            }
            else form.Leaf(Words.Of(seed.Kind), "seed");
        }
        if (spec.Distill is { } distill) Distill(form, distill);
        form.Leaf(spec.Checkpoint, "checkpoint");
        if (spec.Budget is { } budget) Budget(form, budget);
        if (spec.Reported is { } reported)
        {
            form.Leaf(CanonicalValue.Quoted(reported.Source), "reported", "source");
            form.Leaf(reported.Tokens, "reported", "tokens");
            form.Leaf(reported.MemoryGb, "reported", "memory_gb");
        }
        return form.All;
    }

    static void Distill(CanonicalLines form, DistillSpec distill)
    {
        var (adamw, schedule) = (distill.Optimizer, distill.Schedule);
        form.Leaf($"[{CanonicalValue.Of(adamw.Beta1)}, {CanonicalValue.Of(adamw.Beta2)}]", "distill", "optimizer", "adamw", "betas");
        form.Leaf(adamw.Eps, "distill", "optimizer", "adamw", "eps");
        form.Leaf(adamw.WeightDecay, "distill", "optimizer", "adamw", "weight_decay");
        form.Leaf(distill.Clip, "distill", "clip");
        form.Case("distill", "schedule", Words.Of(schedule.Kind));
        form.Leaf(schedule.Warmup, "distill", "schedule", Words.Of(schedule.Kind), "warmup");
        if (schedule.Kind == ScheduleKind.Wsd) form.Leaf(schedule.Decay, "distill", "schedule", "wsd", "decay");
        foreach (var stage in distill.Stages)
        {
            var name = Words.Of(stage.Kind);
            form.Leaf($"[{string.Join(", ", stage.Train.Select(Words.Of))}]", "distill", "stages", name, "train");
            if (stage.Loss == LossKind.LogitsKl)
            {
                form.Case("distill", "stages", name, "loss", "logits_kl");
                form.Leaf(stage.LossValue, "distill", "stages", name, "loss", "logits_kl", "temperature");
                if (stage.PerToken) form.Leaf("token", "distill", "stages", name, "loss", "logits_kl", "per");
                if (stage.PromptWeight != 1) form.Leaf(stage.PromptWeight, "distill", "stages", name, "loss", "logits_kl", "prompt_weight");
            }
            else form.Leaf(stage.LossValue, "distill", "stages", name, "loss", "mixer_mse");
            if (stage.PaddingCounts) form.Leaf("counted", "distill", "stages", name, "padding");
            form.Leaf(stage.LearningRate, "distill", "stages", name, "lr");
            form.Leaf(stage.Batch, "distill", "stages", name, "batch");
            form.Leaf(stage.Steps, "distill", "stages", name, "steps");
        }
        form.Leaf($"[{string.Join(", ", distill.Run.Select(Words.Of))}]", "distill", "run");
    }

    static void Budget(CanonicalLines form, BudgetSpec budget)
    {
        if (budget.Parameters is { } parameters) form.Leaf(parameters, "budget", "max", "parameters");
        if (budget.Trainable is { } share) form.Leaf(share, "budget", "max", "trainable");
        if (budget.Cache is not { } cache) return;
        form.Leaf(cache.Tokens, "budget", "max", "cache", "tokens");
        form.Leaf(FormattableString.Invariant($"{cache.Bytes} B"), "budget", "max", "cache", "size");
    }
}
