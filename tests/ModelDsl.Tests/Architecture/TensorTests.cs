using System.Text.Json;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Tests.Architecture;

/// <summary>Names and shapes of tensors.</summary>
public class TensorTests
{
    static readonly ModelSpec TinySpec = Published.HovleSpec with
    {
        Hidden = 64,
        Tokens = Published.HovleSpec.Tokens with { Vocab = 97, Image = 90 },
        Vision = Published.HovleSpec.Vision with { Image = 16, Patch = 4 },
        Towers =
        [
            new("embedding", 2, Shared(10_000)),
            new("decoder", 4, Shared(50_000)),
        ],
        Layers = Published.AllAttention(6),
    };

    static LayerSettings Shared(decimal theta) => new([new AttentionSpec(4, 2, 16, theta, 64, null), Published.MainMixer, Published.Window], 0.00001m, 128);

    static ResolvedModel Tiny(params int[] attention) => Resolver.Resolve(
        Published.Keeping(new(attention), layers: 6) with { Hidden = 64, Tokens = TinySpec.Tokens, Vision = TinySpec.Vision, Towers = TinySpec.Towers },
        Resolver.Resolve(TinySpec));

    [Theory]
    [InlineData("linear_unfused")]
    [InlineData("hybrid_unfused", 0, 4)]
    public void Names_are_the_reference_implementations(string golden, params int[] attention)
    {
        using var names = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "goldens", "mmmamba_tiny_names.json")));
        Assert.Equal(
            names.RootElement.GetProperty(golden).EnumerateArray().Select(name => name.GetString()!).Order(StringComparer.Ordinal),
            Tiny(attention).Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("embedding_model.vision_embeddings.class_embedding", TensorGroup.Patch, 1, 1, 2048)]
    [InlineData("embedding_model.vision_embeddings.patch_embedding.weight", TensorGroup.Patch, 2048, 3, 14, 14)]
    [InlineData("embedding_model.vision_embeddings.position_embedding", TensorGroup.Position, 1, 1025, 2048)]
    [InlineData("embedding_model.pixel_shuffle_proj.0.weight", TensorGroup.Projector, 2048, 8192)]
    [InlineData("embedding_model.pixel_shuffle_proj.2.bias", TensorGroup.Projector, 2048)]
    [InlineData("embedding_model.llm_text_embeddings.weight", TensorGroup.Embedding, 92553, 2048)]
    [InlineData("embedding_model.encoder.4.attention.wqkv.weight", TensorGroup.Qkv, 4096, 2048)]
    [InlineData("embedding_model.encoder.4.attention.wo.weight", TensorGroup.Output, 2048, 2048)]
    [InlineData("embedding_model.encoder.7.attention.q_proj.weight", TensorGroup.Query, 2048, 2048)]
    [InlineData("embedding_model.encoder.7.attention.k_proj.weight", TensorGroup.Key, 1024, 2048)]
    [InlineData("embedding_model.encoder.7.attention.v_proj.weight", TensorGroup.Value, 1024, 2048)]
    [InlineData("embedding_model.encoder.7.attention.o_proj.weight", TensorGroup.Output, 2048, 2048)]
    [InlineData("embedding_model.encoder.7.attention.g_proj.weight", TensorGroup.Gate, 2048, 2048)]
    [InlineData("embedding_model.encoder.7.attention.in_proj.weight", TensorGroup.Dt, 16, 2048)]
    [InlineData("language_model.model.layers.23.attention.conv1d.weight", TensorGroup.Conv, 4096, 1, 2)]
    [InlineData("language_model.model.layers.23.attention.conv1d.bias", TensorGroup.Conv, 4096)]
    [InlineData("language_model.model.layers.23.attention.g_norm.weight", TensorGroup.GateNorm, 128)]
    [InlineData("language_model.model.layers.23.attention.dt_bias", TensorGroup.DtBias, 16)]
    [InlineData("language_model.model.layers.23.attention.A_log_bias", TensorGroup.Decay, 16)]
    [InlineData("language_model.model.layers.23.feed_forward.w1.weight", TensorGroup.Mlp, 8192, 2048)]
    [InlineData("language_model.model.layers.23.feed_forward.w2.weight", TensorGroup.Mlp, 2048, 8192)]
    [InlineData("language_model.model.layers.23.ffn_norm.weight", TensorGroup.Norm, 2048)]
    [InlineData("language_model.output.weight", TensorGroup.Head, 92553, 2048)]
    public void Shapes(string name, TensorGroup group, params int[] shape)
    {
        var tensor = Published.Hybrid.Tensors.Single(tensor => tensor.Name == name);
        Assert.Equal(group, tensor.Group);
        Assert.Equal(shape.Select(extent => (long)extent), tensor.Shape);
    }

    [Fact]
    public void Switches_add_and_leave_out_tensors()
    {
        static IEnumerable<string> Mixer(Mamba2Spec mixer) => Resolver.Resolve(Published.With(mixer), Published.Hovle).Tensors
            .Where(tensor => tensor.Name.StartsWith("embedding_model.encoder.0.attention.", StringComparison.Ordinal))
            .Select(tensor => $"{tensor.Name.Split(".attention.")[1]}:{string.Join('x', tensor.Shape)}");

        string[] always = ["q_proj.weight:2048x2048", "k_proj.weight:1024x2048", "v_proj.weight:1024x2048", "o_proj.weight:2048x2048"];
        Assert.Equal([.. always, "in_proj.weight:16x2048", "dt_bias:16"], Mixer(new(0, 128, false, false, false, false, false)));
        Assert.Equal(
            [
                .. always, "g_proj.weight:2048x2048", "in_proj.weight:16x2048", "conv1d.weight:4096x1x4", "conv1d.bias:4096",
                "g_norm.weight:128", "dt_bias:16", "A_log_bias:16", "D:16", "q_norm.weight:128", "q_norm.bias:128", "k_norm.weight:128", "k_norm.bias:128",
            ],
            Mixer(new(4, 128, true, true, true, true, true)));
    }

    [Fact]
    public void A_tensor_belongs_to_the_layer_that_its_name_says()
    {
        foreach (var tensor in Published.Hybrid.Tensors)
        {
            var words = tensor.Name.Split('.');
            var expected = tensor.Name.StartsWith("embedding_model.encoder.", StringComparison.Ordinal) ? int.Parse(words[2], null)
                : tensor.Name.StartsWith("language_model.model.layers.", StringComparison.Ordinal) ? 8 + int.Parse(words[3], null)
                : -1;
            Assert.Equal(expected, tensor.Layer);
        }
    }

    [Fact]
    public void Retained_attention_has_plain_positions_and_the_teachers_its_own()
    {
        Assert.All(Published.Hybrid.Layers.Select(layer => layer.Mixer).OfType<ResolvedAttention>(), attention => Assert.Null(attention.DynamicFactor));
        Assert.All(Published.Hovle.Layers, layer => Assert.Equal(2, ((ResolvedAttention)layer.Mixer).DynamicFactor));
    }

    [Fact]
    public void A_student_retains_scaled_positions_where_its_spec_says_so()
    {
        ModelSpec With(Func<AttentionSpec, AttentionSpec> change) => Published.HybridSpec with
        {
            Towers = [.. Published.HybridSpec.Towers.Select(tower => tower with { Shared = tower.Shared.With(change(tower.Shared.Of<AttentionSpec>())) })],
        };
        var plain = Resolver.Resolve(Published.HybridSpec, Published.Hovle);
        var scaled = Resolver.Resolve(With(attention => attention with { RetainsDynamic = true }), Published.Hovle);
        var unscaled = Resolver.Resolve(With(attention => attention with { RetainsDynamic = true, DynamicFactor = null }), Published.Hovle);

        Assert.All(scaled.Layers.Select(layer => layer.Mixer).OfType<ResolvedAttention>(), attention => Assert.Equal(2, attention.DynamicFactor));
        Assert.Equal(Published.Hovle.Layers[0].Mixer, scaled.Layers[0].Mixer);
        Assert.NotEqual(plain.Fingerprint, scaled.Fingerprint);
        Assert.Equal(plain.Fingerprint, unscaled.Fingerprint);
        // Stages 1 and 2 convert every layer, so that they are the same for both.
        Assert.Equal(plain.Distillation!.ConvertedFingerprint, scaled.Distillation!.ConvertedFingerprint);
        Assert.Equal(plain.ParameterCount, scaled.ParameterCount);
    }

    [Fact]
    public void Layers_run_on_through_the_towers_and_know_what_placed_them()
    {
        var layers = Published.Hybrid.Layers;
        Assert.Equal(Enumerable.Range(0, 32), layers.Select(layer => layer.Index));
        Assert.Equal(("decoder", 0), (layers[8].Tower, layers[8].LocalIndex));
        Assert.Equal(("student.mmmodel.yaml:7", "student.mmmodel.yaml:6"), (layers[8].Source, layers[9].Source));
        Assert.Equal([new("embedding", 0, 8), new("decoder", 8, 24)], Published.Hybrid.Towers);
    }
}
