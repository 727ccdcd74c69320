using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Review;
using MmMamba.ModelDsl.Tests.Architecture;

namespace MmMamba.ModelDsl.Tests.Review;

/// <summary>What still fits after a change.</summary>
public class VerdictTests
{
    static string Verdicts(ModelFacts before, ModelFacts after) =>
        string.Join("; ", before.With(after).Verdicts.Select(verdict => $"{verdict.Fit}{(verdict.Reason is { } reason ? $" ({reason})" : "")}"));

    [Theory]
    [InlineData("", "Fits; Fits; Fits; Fits")]
    [InlineData("mamba2: { chunk: 32 }", "Fits; Fits; Fits; Fits")]
    [InlineData("mamba2: { conv: 4 }", "Fits; Misfit (another converted form); Misfit (another converted form); Misfit (other sizes or switches)")]
    [InlineData("layers: { attention: { count: 1 } }", "Fits; Fits; Fits; Misfit (2 layers change kind)")]
    [InlineData("layers: { attention: { from: tail } }", "Fits; Fits; Fits; Misfit (6 layers change kind)")]
    [InlineData("seed: scratch", "Fits; OtherRecipe (made with another seed, seed.mimic.decay_log); OtherRecipe (made with another seed, seed.mimic.decay_log); OtherRecipe (made with another seed, seed.mimic.decay_log)")]
    [InlineData("distill: { stages: { end_to_end: { lr: 1.0e-3 } } }", "Fits; Fits; Fits; OtherRecipe (made with another distill.stages.end_to_end.lr)")]
    [InlineData("distill: { stages: { mixer: { steps: 7 } } }", "Fits; Fits; OtherRecipe (made with another distill.stages.mixer.steps); OtherRecipe (made with another distill.stages.mixer.steps)")]
    [InlineData("distill: { run: [introduced, end_to_end] }", "Fits; Fits; OtherRecipe (made with another distill.run); OtherRecipe (made with another distill.run)")]
    [InlineData("tokens: { system: Hello. }", "Fits; OtherRecipe (made with another tokens.system); OtherRecipe (made with another tokens.system); OtherRecipe (made with another tokens.system)")]
    public void Follow_from_fingerprints_and_recipe(string lines, string expected) =>
        Assert.Equal(expected, Verdicts(Compared.Variant("TinyMmMambaHybrid", ""), Compared.Variant("TinyMmMambaHybrid", lines)));

    [Fact]
    public void Another_teacher_is_another_checkpoint()
    {
        var teacherSpec = Published.HovleSpec with { Name = "Hovle", Tokens = Published.HovleSpec.Tokens with { Image = 7 } };
        var teacher = Resolver.Resolve(teacherSpec);
        var student = ModelFacts.Of(Resolver.Resolve(Published.HybridSpec with { Tokens = teacherSpec.Tokens }, teacher), teacher);
        Assert.StartsWith("Misfit (another architecture of the teacher); Misfit (another converted form)", Verdicts(Compared.Hybrid, student));
    }

    /// <summary>A stage that the first model doesn't run has made nothing that could fit.</summary>
    [Fact]
    public void Nothing_is_said_of_a_stage_that_is_not_run()
    {
        var before = Compared.Variant("TinyMmMambaHybrid", "distill: { run: [end_to_end] }");
        Assert.Equal(
            ["the teacher's checkpoint", "stage-3 weights"],
            before.With(Compared.Variant("TinyMmMambaHybrid", "")).Verdicts.Select(verdict => verdict.Artefact));
        // Nor is a setting of a stage that neither runs a difference to what was made.
        var after = Compared.Variant("TinyMmMambaHybrid", "distill: { run: [end_to_end], stages: { mixer: { lr: 1.0e-3 } } }");
        Assert.All(before.With(after).Verdicts, verdict => Assert.Equal(Fit.Fits, verdict.Fit));
    }

    [Fact]
    public void Models_without_a_recipe_have_weights_alone()
    {
        var (before, after) = (Compared.Variant("TinyHovle", ""), Compared.Variant("TinyHovle", "hidden: 128"));
        Assert.Equal("Misfit (other sizes or switches)", Verdicts(before, after));
        Assert.Equal("weights", Assert.Single(before.With(after).Verdicts).Artefact);
    }
}
