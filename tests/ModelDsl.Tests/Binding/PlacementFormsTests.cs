using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Tests.Binding;

/// <summary>What each form of placement keeps of the 32 layers of the published model (embedding 0-7, decoder 8-31).</summary>
public class PlacementFormsTests
{
    [Theory]
    [InlineData("{ count: 8, from: head, pattern: interleaved }", "0 4 8 12 16 20 24 28")]
    [InlineData("{ count: 8, from: tail, pattern: interleaved }", "3 7 11 15 19 23 27 31")]
    [InlineData("{ count: 5, from: head, pattern: interleaved }", "0 6 12 19 25")]
    [InlineData("{ count: 5, from: tail, pattern: interleaved }", "5 11 18 24 31")]
    [InlineData("{ count: 3, from: head, pattern: stacked }", "0 1 2")]
    [InlineData("{ count: 3, from: tail, pattern: stacked }", "29 30 31")]
    [InlineData("{ every: 12, from: head }", "0 12 24")]
    [InlineData("{ every: 12, from: tail }", "11 23")]
    [InlineData("{ at: [0, 4, 8..11] }", "0 4 8 9 10 11")]
    [InlineData("{ at: [31, 2] }", "2 31")]
    [InlineData("{ embedding: none, decoder: { every: 8, from: head } }", "8 16 24")]
    [InlineData("{ decoder: { count: 2, from: tail, pattern: stacked }, embedding: { at: [1] } }", "1 30 31")]
    [InlineData("{ embedding: all, decoder: none }", "0 1 2 3 4 5 6 7")]
    [InlineData("none", "")]
    public void Attention_is_placed_and_mamba2_takes_the_rest(string placement, string expected)
    {
        var model = Tree.Variant("MmMambaLinear", $"layers: {{ mamba2: rest, attention: {placement} }}");
        Assert.Equal(expected, string.Join(' ', model.Layers.Of(MixerKinds.Attention)));
    }

    [Theory]
    [InlineData("layers: { attention: rest, mamba2: { every: 2, from: head } }", "1 3 5 7 9 11 13 15 17 19 21 23 25 27 29 31")]
    [InlineData("layers: { attention: { at: [0..15] }, mamba2: { at: [16..31] } }", "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15")]
    [InlineData("layers: { mamba2: all, attention: ~ }", "")]
    [InlineData("layers: { mamba2: all, attention: none }", "")]
    [InlineData("layers: mamba2", "")]
    public void Any_mixer_may_be_placed(string lines, string expected)
    {
        Assert.Equal(expected, string.Join(' ', Tree.Variant("MmMambaHybrid", lines).Layers.Of(MixerKinds.Attention)));
    }

    [Fact]
    public void A_placement_is_patched_by_its_own_form_and_replaced_by_another()
    {
        Assert.Equal([3, 7, 11, 15, 19, 23, 27, 31], Tree.Variant("MmMambaHybrid", "layers: { attention: { from: tail } }").Layers.Of(MixerKinds.Attention));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], Tree.Variant("MmMambaHybrid", "layers: { attention: { pattern: stacked } }").Layers.Of(MixerKinds.Attention));
        Assert.Equal([0, 16], Tree.Variant("MmMambaHybrid", "layers: { attention: { every: 16, from: head } }").Layers.Of(MixerKinds.Attention));
        var missing = Assert.Single(Tree.Diagnose("MmMambaHybrid", "layers: { attention: { every: 16 } }"));
        Assert.Equal(("MMD024", 4, 11), (missing.Id, missing.Span.StartLine, missing.Span.StartColumn));
    }

    [Fact]
    public void Each_mixer_knows_the_line_that_placed_it()
    {
        var model = Tree.Variant("MmMambaHybrid", "summary: Fewer.\nlayers:\n  attention: { count: 4 }");
        Assert.Equal(
            ["attention variant.mmmodel.yaml:6", "mamba2 mmmamba-hybrid.mmmodel.yaml:7"],
            model.Layers.Placements.Select(placement => $"{placement.Kind.Word} {placement.Source}"));
        Assert.Equal([0, 8, 16, 24], model.Layers.Of(MixerKinds.Attention));
    }

    [Theory]
    [InlineData("«attention»: { embedding: none }", "MMD024")]
    [InlineData("attention: { embedding: none, «decodr»: all }", "MMD020")]
    [InlineData("attention: { embedding: { at: [«8»] }, decoder: none }", "MMD051")]
    [InlineData("attention: { embedding: { count: «9», from: head, pattern: stacked }, decoder: none }", "MMD050")]
    [InlineData("attention: { «embedding»: all, from: head }", "MMD020")]
    [InlineData("attention: { «cuont»: 4, from: head, pattern: stacked }", "MMD020")]
    [InlineData("attention: { «cuont»: 4 }", "MMD020")]
    [InlineData("attention: { count: 4, from: head, «at»: [1] }", "MMD057")]
    [InlineData("attention: { embedding: «rest», decoder: all }", "MMD023")]
    [InlineData("attention: { at: [«11..8»] }", "MMD021")]
    [InlineData("attention: { at: [«0..99999999999999999999»] }", "MMD021")]
    [InlineData("attention: { at: [«0..9999999999»] }", "MMD051")]
    [InlineData("attention: { at: [«-1»] }", "MMD051")]
    [InlineData("attention: { at: «4» }", "MMD021")]
    [InlineData("attention: { every: «33», from: head }", "MMD050")]
    [InlineData("attention: { every: «0», from: head }", "MMD022")]
    [InlineData("attention: «some»", "MMD023")]
    [InlineData("«atention»: all", "MMD020")]
    public void A_misplaced_word_is_found_where_it_stands(string placement, string id)
    {
        const string Before = "layers: { mamba2: rest, ";
        var found = Assert.Single(Tree.Diagnose("MmMambaLinear", $"{Before}{ExampleFiles.Unmarked(placement)} }}"));
        var (start, end) = (Before.Length + placement.IndexOf('«') + 1, Before.Length + placement.IndexOf('»'));
        Assert.Equal((id, new Span(4, start, 4, end)), (found.Id, found.Span));
    }
}
