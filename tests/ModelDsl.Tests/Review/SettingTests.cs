using MmMamba.ModelDsl.Review;

namespace MmMamba.ModelDsl.Tests.Review;

/// <summary>Every setting is seen: a spec that changes one alone differs in it.</summary>
public class SettingTests
{
    [Theory]
    [InlineData("TinyHovle", "summary: Another sentence.", "summary")]
    [InlineData("TinyHovle", "tokens: { vocab: 1025 }", "tokens.vocab")]
    [InlineData("TinyHovle", "tokens: { image: 5 }", "tokens.image")]
    [InlineData("TinyHovle", "tokens: { system: Hello. }", "tokens.system")]
    [InlineData("TinyHovle", "tokens: { system: ~ }", "tokens.system")]
    [InlineData("TinyHovle", "vision: { image: 64 }", "vision.image")]
    [InlineData("TinyHovle", "vision: { patch: 16 }", "vision.patch")]
    [InlineData("TinyHovle", "vision: { max_tiles: 2 }", "vision.max_tiles")]
    [InlineData("TinyHovle", "vision: { pixel_shuffle: 1 }", "vision.pixel_shuffle")]
    [InlineData("TinyHovle", "towers: [ { embedding: 3 }, { decoder: 4 } ]", "towers.embedding")]
    [InlineData("TinyHovle", "towers: [ { embedding: 2 }, { decoder: { layers: 4, norm: { rms: 1.0e-6 } } } ]", "norm.rms")]
    [InlineData("TinyHovle", "hidden: 128", "hidden")]
    [InlineData("TinyHovle", "norm: { rms: 1.0e-6 }", "norm.rms")]
    [InlineData("TinyHovle", "mlp: { swiglu: 128 }", "mlp.swiglu")]
    [InlineData("TinyHovle", "attention: { heads: 3 }", "attention.heads")]
    [InlineData("TinyHovle", "attention: { kv_heads: 2 }", "attention.kv_heads")]
    [InlineData("TinyHovle", "attention: { head_dim: 32 }", "attention.head_dim")]
    [InlineData("TinyHovle", "attention: { rope: { theta: 500 } }", "attention.rope.theta")]
    [InlineData("TinyHovle", "attention: { rope: { max_positions: 64 } }", "attention.rope.max_positions")]
    [InlineData("TinyHovle", "attention: { rope: { dynamic: 2 } }", "attention.rope.dynamic")]
    [InlineData("TinyHovle", "checkpoint: mmmamba", "checkpoint")]
    [InlineData("TinyMmMambaHybrid", "layers: { attention: { from: tail } }", "mixer")]
    [InlineData("TinyMmMambaHybrid", "mamba2: { conv: 4 }", "mamba2.conv")]
    [InlineData("TinyMmMambaHybrid", "mamba2: { conv: off }", "mamba2.conv")]
    [InlineData("TinyMmMambaHybrid", "mamba2: { chunk: 32 }", "mamba2.chunk")]
    [InlineData("TinyMmMambaHybrid", "mamba2: { gate: off }", "mamba2.gate")]
    [InlineData("TinyMmMambaHybrid", "mamba2: { gate_norm: off }", "mamba2.gate_norm")]
    [InlineData("TinyMmMambaHybrid", "mamba2: { decay: off }", "mamba2.decay")]
    [InlineData("TinyMmMambaHybrid", "mamba2: { skip: on }", "mamba2.skip")]
    [InlineData("TinyMmMambaHybrid", "mamba2: { qk_norm: on }", "mamba2.qk_norm")]
    [InlineData("TinyMmMambaHybrid", "seed: scratch", "seed")]
    [InlineData("TinyMmMambaHybrid", "seed: inherit", "seed")]
    [InlineData("TinyMmMambaHybrid", "seed: { mimic: { decay_log: 0.5 } }", "seed.mimic.decay_log")]
    [InlineData("TinyMmMambaHybrid", "distill: { optimizer: { adamw: { betas: [0.8, 0.999] } } }", "distill.optimizer.adamw.betas")]
    [InlineData("TinyMmMambaHybrid", "distill: { optimizer: { adamw: { eps: 1.0e-6 } } }", "distill.optimizer.adamw.eps")]
    [InlineData("TinyMmMambaHybrid", "distill: { optimizer: { adamw: { weight_decay: 0.1 } } }", "distill.optimizer.adamw.weight_decay")]
    [InlineData("TinyMmMambaHybrid", "distill: { clip: 1 }", "distill.clip")]
    [InlineData("TinyMmMambaHybrid", "distill: { schedule: linear }", "distill.schedule")]
    [InlineData("TinyMmMambaHybrid", "distill: { schedule: { wsd: { warmup: 5% } } }", "distill.schedule.warmup")]
    [InlineData("TinyMmMambaHybrid", "distill: { schedule: { wsd: { decay: 5% } } }", "distill.schedule.decay")]
    [InlineData("TinyMmMambaHybrid", "distill: { stages: { introduced: { train: [gate] } } }", "distill.stages.introduced.train")]
    [InlineData("TinyMmMambaHybrid", "distill: { stages: { introduced: { loss: { mixer_mse: 1 } } } }", "distill.stages.introduced.loss")]
    [InlineData("TinyMmMambaHybrid", "distill: { stages: { end_to_end: { loss: { logits_kl: { temperature: 2 } } } } }", "distill.stages.end_to_end.loss")]
    [InlineData("TinyMmMambaHybrid", "distill: { stages: { mixer: { lr: 1.0e-2 } } }", "distill.stages.mixer.lr")]
    [InlineData("TinyMmMambaHybrid", "distill: { stages: { mixer: { batch: 2 } } }", "distill.stages.mixer.batch")]
    [InlineData("TinyMmMambaHybrid", "distill: { stages: { mixer: { steps: 2 } } }", "distill.stages.mixer.steps")]
    [InlineData("TinyMmMambaHybrid", "distill: { run: [introduced, end_to_end] }", "distill.run")]
    public void A_single_change_is_named(string of, string lines, string path)
    {
        var diff = Compared.Variant(of, "").With(Compared.Variant(of, lines));
        Assert.Contains(path, diff.Changes.Select(change => change.Path));
        Assert.Contains(path, DiffView.Text(diff, "before", "after"));
        // What else changes follows from it: no second setting is blamed.
        Assert.Empty(diff.Changes.Where(change => change.Path != path
            && change.Area is FactArea.Settings or FactArea.Recipe or FactArea.Cosmetics
            && !change.Path.StartsWith(path + ".", StringComparison.Ordinal)));
    }

    [Fact]
    public void Another_teacher_is_named()
    {
        var diff = Compared.Variant("TinyMmMambaHybrid", "").With(Compared.Hybrid);
        Assert.Contains(new Change("teacher", [], "TinyHovle", "Hovle"), diff.Changes);
        Assert.Contains("teacher.fingerprint", diff.Changes.Select(change => change.Path));
    }
}
