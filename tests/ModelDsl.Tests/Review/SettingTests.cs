using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Review;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Tests.Review;

/// <summary>Every setting is seen: a spec that changes one alone differs in it.</summary>
public class SettingTests
{
    public static TheoryData<string, string, string> Changes { get; } = new()
    {
        { "TinyHovle", "summary: Another sentence.", "summary" },
        { "TinyHovle", "tokens: { vocab: 1025 }", "tokens.vocab" },
        { "TinyHovle", "tokens: { image: 5 }", "tokens.image" },
        { "TinyHovle", "tokens: { system: Hello. }", "tokens.system" },
        { "TinyHovle", "tokens: { system: ~ }", "tokens.system" },
        { "TinyHovle", "vision: { image: 64 }", "vision.image" },
        { "TinyHovle", "vision: { patch: 16 }", "vision.patch" },
        { "TinyHovle", "vision: { max_tiles: 2 }", "vision.max_tiles" },
        { "TinyHovle", "vision: { pixel_shuffle: 1 }", "vision.pixel_shuffle" },
        { "TinyHovle", "towers: [ { embedding: 3 }, { decoder: 4 } ]", "towers.embedding" },
        { "TinyHovle", "towers: [ { embedding: 2 }, { decoder: { layers: 4, norm: { rms: 1.0e-6 } } } ]", "norm.rms" },
        { "TinyHovle", "hidden: 128", "hidden" },
        { "TinyHovle", "norm: { rms: 1.0e-6 }", "norm.rms" },
        { "TinyHovle", "mlp: { swiglu: 128 }", "mlp.swiglu" },
        { "TinyHovle", "attention: { heads: 3 }", "attention.heads" },
        { "TinyHovle", "attention: { kv_heads: 2 }", "attention.kv_heads" },
        { "TinyHovle", "attention: { head_dim: 32 }", "attention.head_dim" },
        { "TinyHovle", "attention: { rope: { theta: 500 } }", "attention.rope.theta" },
        { "TinyHovle", "attention: { rope: { max_positions: 64 } }", "attention.rope.max_positions" },
        { "TinyHovle", "attention: { rope: { dynamic: 2 } }", "attention.rope.dynamic" },
        { "TinyMmMambaHybrid", "attention: { rope: { dynamic: 2, retained: dynamic } }", "attention.rope.dynamic" },
        { "TinyHovle", "checkpoint: mmmamba", "checkpoint" },
        { "TinyHovle", "budget: { max: { parameters: 2.0e9 } }", "budget.max.parameters" },
        { "TinyMmMambaHybrid", "budget: { max: { trainable: 50% } }", "budget.max.trainable" },
        { "TinyHovle", "budget: { max: { cache: { tokens: 1, size: 1 GiB } } }", "budget.max.cache" },
        { "TinyHovle", "reported: { source: a page, tokens: 1, memory_gb: 2 }", "reported" },
        { "TinyMmMambaHybrid", "overrides: [ { where: \"decoder[1]\", mamba2: { conv: 4 } } ]", "mamba2.conv" },
        { "TinyMmMambaHybrid", "layers: { attention: { from: tail } }", "mixer" },
        // What a window is where no layer had one is part of the change of mixers.
        { "TinyMmMambaHybrid", "layers: { attention: none, sliding_window: { at: [0, 3] } }\nsliding_window: { window: 8 }", "mixer" },
        { "TinyMmMambaHybrid", "mamba2: { conv: 4 }", "mamba2.conv" },
        { "TinyMmMambaHybrid", "mamba2: { conv: off }", "mamba2.conv" },
        { "TinyMmMambaHybrid", "mamba2: { chunk: 32 }", "mamba2.chunk" },
        { "TinyMmMambaHybrid", "mamba2: { gate: off }", "mamba2.gate" },
        { "TinyMmMambaHybrid", "mamba2: { gate_norm: off }", "mamba2.gate_norm" },
        { "TinyMmMambaHybrid", "mamba2: { decay: off }", "mamba2.decay" },
        { "TinyMmMambaHybrid", "mamba2: { skip: on }", "mamba2.skip" },
        { "TinyMmMambaHybrid", "mamba2: { qk_norm: on }", "mamba2.qk_norm" },
        { "TinyMmMambaHybrid", "seed: scratch", "seed" },
        { "TinyMmMambaHybrid", "seed: inherit", "seed" },
        { "TinyMmMambaHybrid", "seed: { mimic: { decay_log: 0.5 } }", "seed.mimic.decay_log" },
        { "TinyMmMambaHybrid", "distill: { optimizer: { adamw: { betas: [0.8, 0.999] } } }", "distill.optimizer.adamw.betas" },
        { "TinyMmMambaHybrid", "distill: { optimizer: { adamw: { eps: 1.0e-6 } } }", "distill.optimizer.adamw.eps" },
        { "TinyMmMambaHybrid", "distill: { optimizer: { adamw: { weight_decay: 0.1 } } }", "distill.optimizer.adamw.weight_decay" },
        { "TinyMmMambaHybrid", "distill: { clip: 1 }", "distill.clip" },
        { "TinyMmMambaHybrid", "distill: { schedule: linear }", "distill.schedule" },
        { "TinyMmMambaHybrid", "distill: { schedule: { cosine: { warmup: 5% } } }", "distill.schedule" },
        { "TinyMmMambaHybrid", "distill: { schedule: { linear: { warmup: 5% } } }", "distill.schedule" },
        { "TinyMmMambaHybrid", "distill: { schedule: { constant: { warmup: 5% } } }", "distill.schedule" },
        { "TinyMmMambaHybrid", "distill: { schedule: { wsd: { warmup: 7% } } }", "distill.schedule.warmup" },
        { "TinyMmMambaHybrid", "distill: { schedule: { wsd: { decay: 5% } } }", "distill.schedule.decay" },
        { "TinyMmMambaHybrid", "distill: { stages: { introduced: { train: [gate] } } }", "distill.stages.introduced.train" },
        { "TinyMmMambaHybrid", "distill: { stages: { introduced: { loss: { mixer_mse: 1 } } } }", "distill.stages.introduced.loss" },
        { "TinyMmMambaHybrid", "distill: { stages: { end_to_end: { loss: { logits_kl: { temperature: 2 } } } } }", "distill.stages.end_to_end.loss" },
        { "TinyMmMambaHybrid", "distill: { stages: { end_to_end: { loss: { logits_kl: { per: token } } } } }", "distill.stages.end_to_end.loss" },
        { "TinyMmMambaHybrid", "distill: { stages: { end_to_end: { loss: { logits_kl: { prompt_weight: 0.25 } } } } }", "distill.stages.end_to_end.loss" },
        { "TinyMmMambaHybrid", "distill: { stages: { introduced: { padding: counted } } }", "distill.stages.introduced.padding" },
        { "TinyMmMambaHybrid", "distill: { stages: { mixer: { padding: counted } } }", "distill.stages.mixer.padding" },
        { "TinyMmMambaHybrid", "distill: { stages: { end_to_end: { padding: counted } } }", "distill.stages.end_to_end.padding" },
        { "TinyMmMambaHybrid", "distill: { stages: { mixer: { lr: 1.0e-2 } } }", "distill.stages.mixer.lr" },
        { "TinyMmMambaHybrid", "distill: { stages: { mixer: { batch: 2 } } }", "distill.stages.mixer.batch" },
        { "TinyMmMambaHybrid", "distill: { stages: { mixer: { steps: 2 } } }", "distill.stages.mixer.steps" },
        { "TinyMmMambaHybrid", "distill: { run: [introduced, end_to_end] }", "distill.run" },
    };

    [Theory, MemberData(nameof(Changes))]
    public void A_single_change_is_named(string of, string lines, string path)
    {
        var diff = Compared.Variant(of, "").With(Compared.Variant(of, lines));
        Assert.Contains(path, diff.Changes.Select(change => change.Path));
        Assert.Contains(path, DiffView.Text(diff, "before", "after"));
        // What else changes follows from it, such as what `ssm` stands for from a switch: no second setting is blamed.
        Assert.DoesNotContain(diff.Changes, change => change.Path != path
            && change.Area is FactArea.Settings or FactArea.Recipe or FactArea.Cosmetics
            && !change.Path.StartsWith(path + ".", StringComparison.Ordinal)
            && !(path.StartsWith("mamba2.", StringComparison.Ordinal) && change.Path.EndsWith(".train", StringComparison.Ordinal)));
    }

    /// <summary>So that a new key can't be forgotten: a difference that no fact tells would be shown as none.</summary>
    [Fact]
    public void Every_key_of_the_language_has_a_row_here()
    {
        var changed = Changes.Select(row => row.Data.Item2).SelectMany(lines =>
            Written("", SpecParser.Parse(new("row.mmmodel.yaml", $"mmmodel: 1\nmodel: Row\n{lines}\n")).Root!)).ToHashSet();
        Assert.Equal([], Keys("", SpecShape.Root).Where(key => !changed.Contains(key)));
    }

    // Names, what has one value only, and the word "teacher", which the test below changes.
    static readonly string[] Left = ["mmmodel", "model", "extends", "teacher"];

    static IEnumerable<string> Keys(string at, Shape shape) => shape switch
    {
        MappingShape { Keys.Count: > 0 } mapping => mapping.Keys.Where(key => at != "" || !Left.Contains(key.Name)).SelectMany(key => Keys(Path(at, key.Name), key.Shape)),
        ChoiceShape choice => choice.Cases.SelectMany(one => Keys(Path(at, one.Name), one.Shape)),
        WordShape { Words.Count: 1 } => [],
        _ => [at],
    };

    // The paths of nodes; a choice may be written as its word.
    static IEnumerable<string> Written(string at, Node node) => node switch
    {
        MappingNode mapping => mapping.Entries.SelectMany(entry => Written(Path(at, entry.Key.Text), entry.Value)).Append(at),
        ScalarNode scalar => [at, Path(at, scalar.Text)],
        _ => [at],
    };

    // A stage's keys are the same in every stage.
    static string Path(string at, string key) => at == "" ? key : at == "distill.stages" ? at + ".*" : $"{at}.{key}";

    [Fact]
    public void Another_teacher_is_named()
    {
        var diff = Compared.Variant("TinyMmMambaHybrid", "").With(Compared.Hybrid);
        Assert.Contains(new Change("teacher", [], "TinyHovle", "Hovle"), diff.Changes);
        Assert.Contains("teacher.fingerprint", diff.Changes.Select(change => change.Path));
    }
}
