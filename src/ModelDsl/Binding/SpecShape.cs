namespace MmMamba.ModelDsl.Binding;

/// <summary>
/// The language's keys: where each may stand, what it holds, and its bounds. The bounds leave room for any real model, and are
/// small enough that no count of parameters or bytes can overflow 64 bits, nor any extent of a tensor 32.
/// </summary>
static class SpecShape
{
    /// <summary>Layers that a model may have, over all towers.</summary>
    public const int MaxLayers = 1024;

    public static IntegerShape LayerCount { get; } = new(1, MaxLayers);

    public static IReadOnlyList<string> Stages { get; } = ["introduced", "mixer", "end_to_end"];

    /// <summary>Groups that <c>train</c> may name, besides <see cref="Introduced"/>, in canonical order.</summary>
    public static IReadOnlyList<string> Groups { get; } =
        ["query", "key", "value", "output", "gate", "gate_norm", "conv", "dt", "dt_bias", "decay", "skip", "qk_norm"];

    /// <summary>The word for every group that the mixer introduced: those from <c>gate</c> on.</summary>
    public const string Introduced = "ssm";

    /// <summary>Whether the group is one that <see cref="Introduced"/> stands for.</summary>
    public static bool IsIntroduced(string group) => Groups.Skip(4).Contains(group);

    static readonly SwitchShape Switch = new();

    public static ChoiceShape Norm { get; } = new(new KeyShape("rms", new NumberShape(0, 1, above: true)));
    public static ChoiceShape Mlp { get; } = new(new KeyShape("swiglu", new IntegerShape(1, 262_144)));

    public static MappingShape Attention { get; } = new(
        new("heads", new IntegerShape(1, 1024), true),
        new("kv_heads", new IntegerShape(1, 1024), true),
        new("head_dim", new IntegerShape(2, 1024), true),
        new("rope", new MappingShape(
            new("theta", new NumberShape(1, 1e12m), true),
            new("max_positions", new IntegerShape(1, 16_777_216)),
            new("dynamic", new NumberShape(1, 1000))), true));

    public static MappingShape Mamba2 { get; } = new(
        new("conv", new IntegerShape(2, 8, offWord: true)), new("chunk", new IntegerShape(1, 8192)),
        new("gate", Switch), new("gate_norm", Switch), new("decay", Switch), new("skip", Switch), new("qk_norm", Switch));

    static readonly MappingShape Stage = new(
        new("train", new ListShape("tensor groups", new WordShape([Introduced, .. Groups]), distinct: true), true),
        new("loss", new ChoiceShape(
            new("mixer_mse", new NumberShape(0, 1e9m, above: true)),
            new("logits_kl", new MappingShape(new KeyShape("temperature", new NumberShape(0, 1000, above: true))))), true),
        new("lr", new NumberShape(0, 10, above: true), true),
        new("batch", new IntegerShape(1, 1_048_576), true),
        new("steps", new IntegerShape(1, 100_000_000), true));

    static readonly FractionShape Share = new();
    static readonly MappingShape WarmUp = new(new KeyShape("warmup", Share));

    static readonly MappingShape Distill = new(
        new("optimizer", new ChoiceShape(new KeyShape("adamw", new MappingShape(
            new("betas", new ListShape("numbers", new NumberShape(0, 0.999999999m), count: 2), true),
            new("eps", new NumberShape(0, 1, above: true)),
            new("weight_decay", new NumberShape(0, 1), true)))), true),
        new("clip", new NumberShape(0, 1e6m, above: true), true),
        new("schedule", new ChoiceShape(
            new("wsd", new MappingShape(new("warmup", Share, true), new("decay", Share, true))),
            new("cosine", WarmUp), new("linear", WarmUp), new("constant", WarmUp)), true),
        new("stages", new MappingShape([.. Stages.Select(stage => new KeyShape(stage, Stage))]), true),
        new("run", new ListShape("stages", new WordShape([.. Stages]), distinct: true, mayBeEmpty: true), true));

    static readonly MappingShape Nothing = new();

    /// <summary>A spec. <c>attention</c>, <c>norm</c> and <c>mlp</c> are required of every tower, which may have its own.</summary>
    public static MappingShape Root { get; } = new(
        new("mmmodel", new EditionShape(), true, Own: true),
        new("model", new IdentifierShape(), true, Own: true),
        new("extends", new ModelNameShape(), Own: true),
        new("summary", new TextShape(), Own: true),
        new("tokens", new MappingShape(
            new("vocab", new IntegerShape(2, 4_194_304), true),
            new("image", new IntegerShape(0, 4_194_303), true),
            new("template", new WordShape("internlm2_chat"), true),
            new("system", new TextShape())), true),
        new("vision", new MappingShape(
            new("image", new IntegerShape(1, 4096), true),
            new("patch", new IntegerShape(1, 4096), true),
            new("max_tiles", new IntegerShape(1, 256), true),
            new("pixel_shuffle", new NumberShape(0.25m, 1), true),
            new("projector", new WordShape("gelu_mlp"), true),
            new("normalize", new WordShape("imagenet"), true)), true),
        new("towers", new TowersShape(
            new MappingShape(
                new("layers", LayerCount, true), new("attention", Attention), new("mamba2", Mamba2), new("norm", Norm), new("mlp", Mlp)),
            LayerCount), true),
        new("hidden", new IntegerShape(1, 65_536), true),
        new("norm", Norm),
        new("mlp", Mlp),
        new("attention", Attention),
        new("layers", new LayersShape(), true),
        new("mamba2", Mamba2),
        new("teacher", new ModelNameShape()),
        new("seed", new ChoiceShape(
            new("scratch", Nothing), new("inherit", Nothing),
            new("mimic", new MappingShape(new KeyShape("decay_log", new NumberShape(-20, 20)))))),
        new("distill", Distill),
        new("checkpoint", new WordShape("hovle", "mmmamba"), true));
}
