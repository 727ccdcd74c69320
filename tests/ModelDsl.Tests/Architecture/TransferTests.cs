using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Tests.Architecture;

/// <summary>Where the tensors of a student, and of a teacher, come from.</summary>
public class TransferTests
{
    const string Attention = "embedding_model.encoder.0.attention.";

    static ResolvedModel Seeded(SeedKind kind, decimal decayLog = 1) =>
        Resolver.Resolve(Published.LinearSpec with { Seed = new(kind, decayLog) }, Published.Hovle);

    static TensorOrigin Origin(ResolvedModel model, string name) => model.Tensors.Single(tensor => tensor.Name == Attention + name).Origin;

    [Theory]
    [InlineData(SeedKind.Inherit)]
    [InlineData(SeedKind.Mimic)]
    public void Projections_are_the_teachers_rows(SeedKind kind)
    {
        var model = Seeded(kind);
        Assert.Equal(new Sliced(Attention + "wqkv.weight", 0, 256, 512), Origin(model, "q_proj.weight"));
        Assert.Equal(new Sliced(Attention + "wqkv.weight", 256, 128, 512), Origin(model, "k_proj.weight"));
        Assert.Equal(new Sliced(Attention + "wqkv.weight", 384, 128, 512), Origin(model, "v_proj.weight"));
        Assert.Equal(new Copied(Attention + "wo.weight"), Origin(model, "o_proj.weight"));
    }

    [Fact]
    public void Scratch_draws_the_projections_and_copies_the_output_projection()
    {
        var model = Seeded(SeedKind.Scratch);
        foreach (var name in new[] { "q_proj.weight", "k_proj.weight", "v_proj.weight", "in_proj.weight" })
            Assert.Equal(new Drawn(Draw.Uniform, -0.0220970869m, 0.0220970869m), Origin(model, name));
        Assert.Equal(new Copied(Attention + "wo.weight"), Origin(model, "o_proj.weight"));
    }

    [Theory]
    [InlineData(SeedKind.Scratch)]
    [InlineData(SeedKind.Inherit)]
    public void What_the_mixer_introduces_is_drawn(SeedKind kind)
    {
        var model = Seeded(kind);
        Assert.Equal(new Drawn(Draw.Uniform, -0.707106781m, 0.707106781m), Origin(model, "conv1d.weight"));
        Assert.Equal(new Drawn(Draw.Uniform, -0.707106781m, 0.707106781m), Origin(model, "conv1d.bias"));
        Assert.Equal(new Drawn(Draw.Uniform, -0.0220970869m, 0.0220970869m), Origin(model, "in_proj.weight"));
        Assert.Equal(new Drawn(Draw.Constant, 0, 0), Origin(model, "dt_bias"));
        Assert.Equal(new Drawn(Draw.LogOfUniform, 1, 16), Origin(model, "A_log_bias"));
    }

    [Fact]
    public void Mimic_begins_where_the_mixer_is_linear_attention()
    {
        var model = Seeded(SeedKind.Mimic, decayLog: -1.5m);
        Assert.Equal(new Drawn(Draw.LastTap, 0, 0), Origin(model, "conv1d.weight"));
        Assert.Equal(new Drawn(Draw.Constant, 0, 0), Origin(model, "conv1d.bias"));
        Assert.Equal(new Drawn(Draw.Constant, 0, 0), Origin(model, "in_proj.weight"));
        Assert.Equal(new Drawn(Draw.InverseSoftplusOfLogUniform, 0.001m, 0.1m), Origin(model, "dt_bias"));
        Assert.Equal(new Drawn(Draw.Constant, -1.5m, 0), Origin(model, "A_log_bias"));
    }

    [Theory]
    [InlineData(SeedKind.Scratch)]
    [InlineData(SeedKind.Inherit)]
    [InlineData(SeedKind.Mimic)]
    public void Gate_and_its_norm_begin_alike_in_every_seed(SeedKind kind)
    {
        var model = Seeded(kind);
        Assert.Equal(new Drawn(Draw.Uniform, -0.00676582347m, 0.00676582347m), Origin(model, "g_proj.weight"));
        Assert.Equal(new Drawn(Draw.Constant, 1, 0), Origin(model, "g_norm.weight"));
    }

    [Fact]
    public void Skip_and_norms_of_query_and_key_begin_without_effect()
    {
        var model = Resolver.Resolve(Published.With(Published.MainMixer with { Skip = true, QkNorm = true }), Published.Hovle);
        Assert.Equal(new Drawn(Draw.Constant, 1, 0), Origin(model, "D"));
        Assert.Equal(new Drawn(Draw.Constant, 1, 0), Origin(model, "q_norm.weight"));
        Assert.Equal(new Drawn(Draw.Constant, 0, 0), Origin(model, "k_norm.bias"));
    }

    [Fact]
    public void Bounds_follow_the_actual_fans()
    {
        var towers = Published.With(Published.MainMixer with { Conv = 4 }).Towers;
        var model = Resolver.Resolve(Published.LinearSpec with { Seed = new(SeedKind.Inherit, 1), Towers = towers }, Published.Hovle);
        Assert.Equal(new Drawn(Draw.Uniform, -0.5m, 0.5m), Origin(model, "conv1d.bias"));
    }

    [Fact]
    public void Outside_the_mixers_everything_is_copied_by_name()
    {
        var outside = Published.Linear.Tensors.Where(tensor => tensor.Layer < 0 || !tensor.Name.Contains(".attention."));
        Assert.Equal(236 - 2 * 32, outside.Count());
        Assert.All(outside, tensor => Assert.Equal(new Copied(tensor.Name), tensor.Origin));
    }

    [Fact]
    public void Retained_attention_is_copied() =>
        Assert.Equal(new Copied(Attention + "wqkv.weight"), Published.Hybrid.Tensors.Single(tensor => tensor.Name == Attention + "wqkv.weight").Origin);

    [Fact]
    public void Slices_share_each_fused_projection_without_gap_or_overlap()
    {
        foreach (var of in Published.Linear.Tensors.Where(tensor => tensor.Origin is Sliced).GroupBy(tensor => ((Sliced)tensor.Origin).From))
        {
            var rows = of.SelectMany(tensor => Rows((Sliced)tensor.Origin, tensor.Shape[0])).Order().ToArray();
            Assert.Equal(Enumerable.Range(0, 4096).Select(row => (long)row), rows);
        }

        static IEnumerable<long> Rows(Sliced slice, long count) =>
            Enumerable.Range(0, (int)count).Select(row => (long)row / slice.Rows * slice.Stride + slice.First + row % slice.Rows);
    }

    [Fact]
    public void Nothing_is_dropped_unless_the_projections_are_drawn()
    {
        Assert.Empty(Published.Linear.DroppedFromTeacher);
        Assert.Empty(Published.Hybrid.DroppedFromTeacher);
        var dropped = Resolver.Resolve(Published.HybridSpec with { Seed = new(SeedKind.Scratch, 1) }, Published.Hovle).DroppedFromTeacher;
        Assert.Equal(24, dropped.Count);
        Assert.Equal("embedding_model.encoder.1.attention.wqkv.weight", dropped[0]);
        Assert.All(dropped, name => Assert.EndsWith(".attention.wqkv.weight", name));
    }

    [Fact]
    public void Converted_form_is_the_linear_models_mixers_in_the_order_of_layers()
    {
        var mixers = Published.Linear.Tensors.Where(tensor => tensor.Name.Contains(".attention."));
        Assert.Equal(mixers, Published.Linear.Distillation!.ConvertedTensors);
        Assert.Equal(mixers, Published.Hybrid.Distillation!.ConvertedTensors);
        Assert.Equal(32 * 11, Published.Hybrid.Distillation.ConvertedTensors.Count);
        Assert.All(Published.Hybrid.Distillation.ConvertedLayers, layer => Assert.IsType<ResolvedMamba2>(layer.Mixer));
    }

    [Fact]
    public void A_teacher_begins_small_and_smaller_where_it_writes_to_the_residual_stream()
    {
        TensorOrigin Of(string name) => Published.Hovle.Tensors.Single(tensor => tensor.Name == name).Origin;
        var normal = new Drawn(Draw.Normal, 0, 0.02m);
        Assert.Equal(normal, Of("embedding_model.vision_embeddings.position_embedding"));
        Assert.Equal(normal, Of("embedding_model.vision_embeddings.patch_embedding.weight"));
        Assert.Equal(normal, Of("embedding_model.llm_text_embeddings.weight"));
        Assert.Equal(normal, Of(Attention + "wqkv.weight"));
        Assert.Equal(normal, Of("language_model.output.weight"));
        Assert.Equal(new Drawn(Draw.Normal, 0, 0.0025m), Of(Attention + "wo.weight"));
        Assert.Equal(new Drawn(Draw.Normal, 0, 0.0025m), Of("language_model.model.layers.0.feed_forward.w2.weight"));
        Assert.Equal(new Drawn(Draw.Constant, 1, 0), Of("language_model.model.norm.weight"));
        Assert.Equal(new Drawn(Draw.Constant, 0, 0), Of("embedding_model.pixel_shuffle_proj.2.bias"));
    }

    [Fact]
    public void A_base_with_the_mixer_draws_all_of_it()
    {
        var model = Resolver.Resolve(Published.HovleSpec with { Layers = Published.LinearSpec.Layers });
        Assert.All(model.Tensors, tensor => Assert.IsType<Drawn>(tensor.Origin));
        Assert.Equal(new Drawn(Draw.LogOfUniform, 1, 16), Origin(model, "A_log_bias"));
        Assert.Equal(new Drawn(Draw.Normal, 0, 0.0025m), Origin(model, "o_proj.weight"));
    }

    [Fact]
    public void A_teacher_of_another_size_is_refused_by_the_first_tensor_that_does_not_fit()
    {
        var error = Assert.Throws<ArgumentException>(() => Resolver.Resolve(Published.LinearSpec with { Hidden = 1024 }, Published.Hovle));
        Assert.Contains("class_embedding (1, 1, 1024) does not fit", error.Message);
        Assert.Contains("(1, 1, 2048) of Hovle", error.Message);
    }

    [Fact]
    public void A_teacher_without_attention_everywhere_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => Resolver.Resolve(Published.LinearSpec with { Teacher = "MmMambaLinear" }, Published.Linear));
        Assert.Contains("wqkv.weight, which MmMambaLinear does not have", error.Message);
    }

    [Fact]
    public void A_teacher_is_there_when_named_and_only_then()
    {
        Assert.Throws<ArgumentException>(() => Resolver.Resolve(Published.LinearSpec));
        Assert.Throws<ArgumentException>(() => Resolver.Resolve(Published.HovleSpec, Published.Hovle));
    }
}
