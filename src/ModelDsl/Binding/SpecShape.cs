using MmMamba.ModelDsl.Mixers;

namespace MmMamba.ModelDsl.Binding;

/// <summary>
/// The language's keys: where each may stand, what it holds, and its bounds. The bounds leave room for any real model, and are
/// small enough that no count of parameters or bytes can overflow 64 bits, nor any extent of a tensor 32.
/// </summary>
static class SpecShape
{
    /// <summary>Layers that a model may have, over all towers.</summary>
    public const int MaxLayers = 1024;

    /// <summary>Towers that a model may have.</summary>
    public const int MaxTowers = 64;

    public static IntegerShape LayerCount { get; } = new(1, MaxLayers);

    public static IReadOnlyList<string> Stages { get; } = ["introduced", "mixer", "end_to_end"];

    /// <summary>Groups that <c>train</c> may name, besides <see cref="Introduced"/>, in canonical order.</summary>
    public static IReadOnlyList<string> Groups { get; } =
        ["query", "key", "value", "output", "gate", "gate_norm", "conv", "dt", "dt_bias", "decay", "skip", "qk_norm"];

    /// <summary>The word for every group that the mixer introduced: those from <c>gate</c> on.</summary>
    public const string Introduced = "ssm";

    /// <summary>Whether the group is one that <see cref="Introduced"/> stands for.</summary>
    public static bool IsIntroduced(string group) => Groups.Skip(4).Contains(group);

    public static ChoiceShape Norm { get; } = new(
        new KeyShape("rms", new NumberShape(0, 1, above: true), Says: "RMSNorm, with this epsilon."));

    public static ChoiceShape Mlp { get; } = new(
        new KeyShape("swiglu", new IntegerShape(1, 262_144), Says: "SwiGLU, with this width inside."));

    const string SaysNorm = "The norm before each mixer and MLP.", SaysMlp = "The MLP of a layer.";

    public static WhereShape Where { get; } = new();

    /// <summary>What a layer has; the model, a tower and an override may each write part of it.</summary>
    public static MappingShape Layer { get; } = new(
        [.. MixerKinds.All.Select(kind => kind.Key), new("norm", Norm, true, Says: SaysNorm), new("mlp", Mlp, true, Says: SaysMlp)]);

    static readonly KeyShape[] LayerKeys = [.. Layer.Keys.Select(key => key with { Required = false })];

    static MappingShape Stage { get; } = new(
        new("train", new ListShape("tensor groups", new WordShape([Introduced, .. Groups]), distinct: true), true,
            Says: "Groups of the mixer's tensors that are trained; `ssm` stands for all that the mixer introduced."),
        new("loss", new ChoiceShape(
            new("mixer_mse", new NumberShape(0, 1e9m, above: true), Says: "Mean squared error between the mixers' outputs, times this factor."),
            new("logits_kl", new MappingShape(
                new("temperature", new NumberShape(0, 1000, above: true), Says: "Temperature of both distributions; 1 if left out."),
                new("per", new WordShape("sequence", "token"), Says: "What the sum over positions is divided by: the batch's sequences, or the positions that count; `sequence` if left out."),
                new("prompt_weight", new NumberShape(0, 1), Says: "Weight of the positions that predict no token of an answer; 1, all positions alike, if left out, and 0 learns from answers alone.")),
                Says: "Kullback-Leibler divergence between teacher's and student's next tokens.")), true, Says: "What is made small."),
        new("padding", new WordShape("masked", "counted"), Says: "Whether the padding of shorter sequences counts in the loss; `masked` if left out."),
        new("lr", new NumberShape(0, 10, above: true), true, Says: "The schedule's highest learning rate."),
        new("batch", new IntegerShape(1, 1_048_576), true, Says: "Sequences an optimizer step."),
        new("steps", new IntegerShape(1, 100_000_000), true, Says: "Optimizer steps."));

    static readonly FractionShape Share = new();
    static readonly KeyShape WarmUp = new("warmup", Share, Says: "Share of the steps over which the rate rises from 0; none if left out.");

    static readonly MappingShape Distill = new(
        new("optimizer", new ChoiceShape(new KeyShape("adamw", new MappingShape(
            new("betas", new ListShape("numbers", new NumberShape(0, 0.999999999m), count: 2), true, Says: "Decay rates of both moments."),
            new("eps", new NumberShape(0, 1, above: true), Says: "Added to the root of the second moment; 1e-8 if left out."),
            new("weight_decay", new NumberShape(0, 1), true, Says: "Decoupled weight decay.")), Says: "AdamW.")), true, Says: "The optimizer."),
        new("clip", new NumberShape(0, 1e6m, above: true), true, Says: "Greatest norm of the gradient."),
        new("schedule", new ChoiceShape(
            new("wsd", new MappingShape(
                WarmUp with { Required = true, Says = "Share of the steps over which the rate rises from 0." },
                new("decay", Share, true, Says: "Share of the steps over which the rate falls to 0 at the end.")), Says: "Warm up, stay, decay."),
            new("cosine", new MappingShape(WarmUp), Says: "Warm up, then fall to 0 along a cosine."),
            new("linear", new MappingShape(WarmUp), Says: "Warm up, then fall to 0 along a line."),
            new("constant", new MappingShape(WarmUp), Says: "Warm up, then stay.")), true, Says: "How the learning rate runs."),
        new("stages", new MappingShape(
            new("introduced", Stage, Says: "Stage 1: what the mixers introduced learns beside the teacher's attention, every layer converted."),
            new("mixer", Stage, Says: "Stage 2: the whole mixers, every layer converted."),
            new("end_to_end", Stage, Says: "Stage 3: the student as it is placed, by its next tokens.")), true, Says: "The stages, whether run or not."),
        new("run", new ListShape("stages", new WordShape([.. Stages]), distinct: true, mayBeEmpty: true), true,
            Says: "The stages that are run, in order; leaving one out is written down here."));

    static readonly MappingShape Nothing = new();

    // What is needed of every tower, which may have its own, stands before the placement, the rest after it.
    static IEnumerable<KeyShape> MixerKeys(bool needed) =>
        MixerKinds.All.Where(kind => kind.Key.Required == needed).Select(kind => kind.Key with { Required = false });

    /// <summary>A spec. <c>attention</c>, <c>norm</c> and <c>mlp</c> are required of every tower, which may have its own.</summary>
    public static MappingShape Root { get; } = new(
    [
        new("mmmodel", new EditionShape(), true, Own: true, Says: "The edition of the language; it fixes defaults and formulas."),
        new("model", new IdentifierShape(), true, Own: true, Says: "The model's name, and that of the generated class."),
        new("extends", new ModelNameShape(), Own: true, Says: "The model whose spec this one overlays: mappings merge, scalars and lists replace, `~` removes."),
        new("summary", new TextShape(), Own: true, Says: "One sentence for readers."),
        new("tokens", new MappingShape(
            new("vocab", new IntegerShape(2, 4_194_304), true, Says: "Rows of the embeddings and of the head."),
            new("image", new IntegerShape(0, 4_194_303), true, Says: "Id of the token whose embedding an image token replaces."),
            new("template", new WordShape("internlm2_chat"), true, Says: "The chat template."),
            new("system", new TextShape(), Says: "The system message; left out: the template's own; `\"\"`: no system turn.")), true, Says: "Ids and chat template."),
        new("vision", new MappingShape(
            new("image", new IntegerShape(1, 4096), true, Says: "Side of a tile in pixels."),
            new("patch", new IntegerShape(1, 4096), true, Says: "Side of a patch in pixels; divides `image`."),
            new("max_tiles", new IntegerShape(1, 256), true, Says: "Tiles that one picture may become, the thumbnail not counted."),
            new("pixel_shuffle", new NumberShape(0.25m, 1), true, Says: "Scale of the side by which patches are merged: 0.5 makes one token of 2x2 patches."),
            new("projector", new WordShape("gelu_mlp"), true, Says: "From merged patches to the hidden size."),
            new("normalize", new WordShape("imagenet"), true, Says: "Means and deviations of the pixels.")), true, Says: "Tiles, patches and their projection."),
        new("towers", new TowersShape(
            new MappingShape([new("layers", LayerCount, true, Says: "Layers of the tower."), .. LayerKeys]),
            LayerCount), true, Says: "Consecutive layers under one name; indices run on through the towers."),
        new("hidden", new IntegerShape(1, 65_536), true, Says: "Width of the residual stream."),
        new("norm", Norm, Says: SaysNorm),
        new("mlp", Mlp, Says: SaysMlp),
        .. MixerKeys(needed: true),
        new("layers", new LayersShape(), true, Says: "Which layers are what: one mixer for all, or a placement for each, of which one takes the `rest`."),
        .. MixerKeys(needed: false),
        new("overrides", new ListShape("overrides", new MappingShape(
            [new("where", Where, true, Own: true, Says: "The layers: a tower, some of its layers by local index, or `layers[...]` over the model."), .. LayerKeys])),
            Says: "What single layers have instead of what their tower has; two that write one path of one layer are an error."),
        new("teacher", new ModelNameShape(), Says: "The model that this one is distilled from."),
        new("seed", new ChoiceShape(
            new("scratch", Nothing, Says: "Everything in the mixer but the output projection is drawn."),
            new("inherit", Nothing, Says: "Query, key and value projections come from the teacher, the rest is drawn."),
            new("mimic", new MappingShape(
                new KeyShape("decay_log", new NumberShape(-20, 20), Says: "log(-A) at the start; 1.0 if left out.")),
                Says: "As `inherit`, and the rest begins where the mixer mimics linear attention.")), Says: "How the tensors that the teacher lacks begin."),
        new("distill", Distill, Says: "How the student is trained."),
        new("checkpoint", new WordShape("hovle", "mmmamba"), true, Says: "Names of the tensors on disk."),
        new("budget", new MappingShape(new KeyShape("max", new MappingShape(
            new("parameters", new NumberShape(1, 1e15m), Says: "Parameters of the model."),
            new("trainable", Share, Says: "Share of the parameters that the last stage trains."),
            new("cache", new MappingShape(
                new("tokens", new IntegerShape(1, 1_073_741_824), true, Says: "Length of the sequence."),
                new("size", new SizeShape(), true, Says: "Bytes that its KV caches and states take in bfloat16.")), Says: "Memory of one sequence.")),
            Says: "What may not be exceeded.")), Says: "What the model may cost; more is an error, and the model is made all the same."),
        new("reported", new MappingShape(
            new("source", new TextShape(), true, Says: "Where the figures are published."),
            new("tokens", new IntegerShape(1, 1_000_000_000), true, Says: "The length, in tokens, that they are reported for."),
            new("memory_gb", new NumberShape(0, 1e6m, above: true), true, Says: "Memory in the unit that the source calls GB.")),
            Own: true, Says: "Published figures of this model: printed beside its own, and never checked against them.")
    ]);
}
