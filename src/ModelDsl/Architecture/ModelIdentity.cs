using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>
/// What a model is, as digests: two models that share one share what it stands for. Free of names, summaries and files, but for the
/// teacher's name, which stands for its weights.
/// </summary>
/// <param name="Architecture">Layers and tensors (<see cref="Fingerprint"/>).</param>
/// <param name="Converted">The same with every layer converted, whatever the placement; null without a teacher.</param>
/// <param name="Stages">
/// Each stage that is run, in order: what it begins from and how it trains. The first two train the converted form, so that members
/// of every placement share them; the last one trains the placed one.
/// </param>
/// <param name="Recipe">Architecture and recipe: everything that decides what a run of it trains.</param>
public sealed record ModelIdentity(string Architecture, string? Converted, EquatableArray<string> Stages, string Recipe)
{
    /// <summary>The identity of a resolved model.</summary>
    public static ModelIdentity Of(ResolvedModel model)
    {
        // What a batch looks like is part of what is learned from it.
        var begin = new CanonicalText().Line("begin", model.Distillation?.ConvertedFingerprint)
            .Line("data", model.Tokens.Template, JsonText.String(model.Tokens.System), model.Vision.MaxTiles)
            .Line("teacher", model.Teacher, Seeded(model.Seed)).Digest();
        EquatableArray<string> stages = model.Distillation is { } recipe ? Chain(recipe, begin, model.Fingerprint) : [];
        return new(model.Fingerprint, model.Distillation?.ConvertedFingerprint, stages,
            new CanonicalText().Line("recipe", model.Fingerprint, stages.Count == 0 ? begin : stages[stages.Count - 1]).Digest());
    }

    static string Seeded(SeedSpec? seed) => seed switch
    {
        null => "unseeded",
        { Kind: SeedKind.Mimic } mimic => "mimic " + CanonicalNumber.Of(mimic.DecayLog),
        _ => Words.Of(seed.Kind),
    };

    // A stage that is not run trains nothing, so it is no part of what the model is.
    static EquatableArray<string> Chain(ResolvedDistillation recipe, string begin, string architecture)
    {
        var (chain, adamw, schedule) = (new List<string>(), recipe.Optimizer, recipe.Schedule);
        foreach (var kind in recipe.Run)
        {
            var stage = recipe.Stages.Single(stage => stage.Spec.Kind == kind).Spec;
            var text = new CanonicalText()
                .Line("stage", Words.Of(kind), "after", chain.Count == 0 ? begin : chain[chain.Count - 1])
                .Line("of", kind == StageKind.EndToEnd ? architecture : "converted")
                .Line("adamw", adamw.Beta1, adamw.Beta2, adamw.Eps, adamw.WeightDecay, "clip", recipe.Clip)
                .Line("schedule", Words.Of(schedule.Kind), schedule.Warmup, schedule.Decay)
                .Line("train", string.Join(",", stage.Train.Select(Words.Of)), "loss", Words.Of(stage.Loss), stage.LossValue)
                .Line("lr", stage.LearningRate, "batch", stage.Batch, "steps", stage.Steps);
            // Written where they differ from edition 1 as it began, which knew none of them.
            if (stage.PerToken) text.Line("per", "token");
            if (stage.PromptWeight != 1) text.Line("prompt_weight", stage.PromptWeight);
            if (stage.PaddingCounts) text.Line("padding", "counted");
            chain.Add(text.Digest());
        }
        return new(chain);
    }
}
