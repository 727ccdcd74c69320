using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;
using MmMamba.Testing;

namespace MmMamba.ModelDsl.Tests.Rendering;

/// <summary>config.json, written and read back: the same model, and a word on everything that it cannot be.</summary>
public class PublishedConfigTests
{
    static readonly ModelSet Shipped = ModelSet.Resolve(Tree.Bind([.. Tree.Shipped]));

    static BoundSpec Bound(string text) => Tree.BindAmongShipped(new SpecFile("back.mmmodel.yaml", text)).Single();

    [Theory]
    [InlineData("Hovle")]
    [InlineData("MmMambaLinear")]
    [InlineData("MmMambaHybrid")]
    [InlineData("TinyHovle")]
    [InlineData("TinyMmMambaLinear")]
    [InlineData("TinyMmMambaHybrid")]
    public void A_config_reads_to_a_spec_of_the_same_model(string name)
    {
        var spec = Tree.Model(name);
        Assert.Empty(PublishedConfig.Obstacles(spec));
        var read = PublishedConfigReader.Read("Back", PublishedConfig.Render(spec, "bfloat16"));
        Assert.Empty(read.Faults);
        var bound = Bound(read.Spec!);
        Assert.Empty(bound.Diagnostics);
        var (expected, back) = (Shipped.Find(name)!, Resolver.Resolve(bound.Model!));
        Assert.Equal(expected.Fingerprint, back.Fingerprint);
        Assert.Equal(expected.ParameterCount, back.ParameterCount);
        Assert.Equal(expected.Tensors.Select(tensor => (tensor.Name, tensor.Shape, tensor.Group)), back.Tensors.Select(tensor => (tensor.Name, tensor.Shape, tensor.Group)));
        Assert.Equal((expected.Tokens with { System = null }, expected.Vision, expected.Checkpoint), (back.Tokens, back.Vision, back.Checkpoint));
        Assert.Equal(read.Spec, PublishedConfigReader.Read("Back", PublishedConfig.Render(bound.Model!, "float32")).Spec);
    }

    [Theory]
    [InlineData("Hovle")]
    [InlineData("MmMambaHybrid")]
    public void As_approved(string name) => Snapshot.Verify(PublishedConfig.Render(Tree.Model(name), "bfloat16"), "json", name);

    [Fact]
    public void The_spec_reads_well() =>
        Snapshot.Verify(PublishedConfigReader.Read("MmMambaHybrid", PublishedConfig.Render(Tree.Model("MmMambaHybrid"), "bfloat16")).Spec!, "yaml");

    [Fact]
    public void Towers_of_their_own_come_back()
    {
        var spec = Tree.Variant("Hovle", "towers: [ { embedding: 8 }, { decoder: { layers: 24, norm: { rms: 1.0e-6 }, mlp: { swiglu: 4096 }, attention: { kv_heads: 4, rope: { theta: 5.0e4, dynamic: 3.5 } } } } ]");
        var bound = Bound(PublishedConfigReader.Read("Back", PublishedConfig.Render(spec, "float32")).Spec!);
        Assert.Empty(bound.Diagnostics);
        Assert.Equal(Resolver.Resolve(spec).Fingerprint, Resolver.Resolve(bound.Model!).Fingerprint);
    }

    [Theory]
    [InlineData("MmMambaHybrid", "layers: { sliding_window: { at: [3] }, mamba2: rest, attention: { count: 8, from: head, pattern: interleaved } }", "it has no sliding-window layers")]
    [InlineData("MmMambaLinear", "mamba2: { gate: off }", "unlike embedding's")]
    [InlineData("MmMambaLinear", "overrides: [ { where: \"decoder[3]\", mamba2: { conv: 4 } } ]", "unlike decoder's")]
    [InlineData("Hovle", "overrides: [ { where: \"decoder[3]\", norm: { rms: 1.0e-3 } } ]", "all layers of decoder have the same heads, positions, norm and MLP there")]
    [InlineData("Hovle", "attention: { head_dim: 64 }", "heads times head_dim are hidden there, and not 16 x 64 of 2048")]
    public void What_the_authors_code_does_not_have_is_said(string of, string lines, string obstacle) =>
        Assert.Contains(obstacle, string.Join("; ", PublishedConfig.Obstacles(Tree.Variant(of, lines))));

    [Theory]
    [InlineData("\"use_ls\": false", "\"use_ls\": true", "embedding_config.use_ls is on, which is not supported")]
    [InlineData("\"pixel_shuffle_loc\": \"pre\"", "\"pixel_shuffle_loc\": \"post\"", "embedding_config.pixel_shuffle_loc is HoVLE's HD form")]
    [InlineData("\"special_token_maps\": {}", "\"special_token_maps\": {\"a\": 1}", "embedding_config.special_token_maps is not empty")]
    [InlineData("\"llm_vocab_size\": 92553", "\"llm_vocab_size\": 7", "embedding_config.llm_vocab_size is not llm_config.vocab_size")]
    [InlineData("\"vocab_size\": 92553,", "", "llm_config.vocab_size is missing")]
    [InlineData("\"num_channels\": 3", "\"num_channels\": \"three\"", "embedding_config.num_channels is the text `three`; expected a whole number")]
    [InlineData("\"model_type\": \"mmMamba_chat\"", "\"model_type\": \"llava\"", "model_type is not internvl_chat (HoVLE) or mmMamba_chat")]
    [InlineData("\"mha\"", "\"conv\"", "layers_block_type holds something else than mha and mamba2")]
    [InlineData("\"num_hidden_layers\": 24", "\"num_hidden_layers\": 23", "llm_config.layers_block_type has not num_hidden_layers items")]
    [InlineData("\"template\": \"internlm2-chat\"", "\"template\": \"vicuna\"", "template is not internlm2-chat")]
    [InlineData("\"llm_config\"", "\"text_config\"", "llm_config is missing; HoVLE's and mmMamba's configurations have both")]
    [InlineData("\"select_layer\": -1", "\"select_layer\": -1, \"select_layer\": 2", "select_layer")]
    [InlineData("\"use_thumbnail\": true\n}", "", "line ")]
    public void What_is_not_supported_is_said_at_its_place(string from, string to, string fault)
    {
        var text = PublishedConfig.Render(Tree.Model("MmMambaHybrid"), "bfloat16");
        Assert.Contains(from, text);
        var read = PublishedConfigReader.Read("Back", text.Replace(from, to));
        Assert.Null(read.Spec);
        Assert.Contains(read.Faults, found => found.Contains(fault, StringComparison.Ordinal));
        Assert.All(read.Faults, found => Assert.Matches("^line [0-9]+, column [0-9]+: [^\n]+$", found));
    }

    [Fact]
    public void Everything_is_said_at_once()
    {
        var text = PublishedConfig.Render(Tree.Model("Hovle"), "bfloat16");
        var read = PublishedConfigReader.Read("Back", text.Replace("\"bias\": false", "\"bias\": true").Replace("\"patch_size\": 14", "\"patch_size\": []").Replace("\"dynamic\"", "\"yarn\""));
        Assert.Equal(4, read.Faults.Count);
    }
}
