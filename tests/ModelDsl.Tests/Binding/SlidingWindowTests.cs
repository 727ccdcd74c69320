using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Review;
using MmMamba.ModelDsl.Specs;
using MmMamba.Testing;

namespace MmMamba.ModelDsl.Tests.Binding;

/// <summary>A third mixer beside the two: placed, set, told, and refused where it can't be.</summary>
public sealed class SlidingWindowTests
{
    const string Three = "layers: { attention: { at: [0] }, sliding_window: { at: [2, 4] }, mamba2: rest }\n";

    static string Placed(ModelSpec model) =>
        string.Join("; ", model.Layers.Placements.Select(placement => $"{placement.Kind.Word} {string.Join(' ', placement.Layers)}"));

    static IEnumerable<int> Windows(ModelSpec model) =>
        Resolver.Resolve(model, Resolver.Resolve(Tree.Model("TinyHovle"))).Layers.Select(layer => layer.Mixer).OfType<ResolvedSlidingWindow>().Select(mixer => mixer.Window);

    [Fact]
    public void Every_layer_has_one_of_three()
    {
        Assert.Equal("attention 0; mamba2 1 3 5; sliding_window 2 4", Placed(Tree.Variant("TinyMmMambaLinear", Three)));
        Assert.Equal(
            "mamba2 0 1; sliding_window 2 3 4 5",
            Placed(Tree.Variant("TinyMmMambaLinear", "layers: { mamba2: { at: [0, 1] }, sliding_window: rest }")));
        Assert.Equal("sliding_window 0 1 2 3 4 5", Placed(Tree.Variant("TinyHovle", "layers: sliding_window")));
    }

    [Fact]
    public void The_window_is_set_for_a_model_a_tower_or_a_layer()
    {
        Assert.Equal([4096, 4096], Windows(Tree.Variant("TinyMmMambaLinear", Three)));
        Assert.Equal([64, 64], Windows(Tree.Variant("TinyMmMambaLinear", Three + "sliding_window: { window: 64 }")));
        Assert.Equal([64, 8], Windows(Tree.Variant(
            "TinyMmMambaLinear", Three + "sliding_window: { window: 64 }\noverrides: [ { where: \"decoder[2]\", sliding_window: { window: 8 } } ]")));
        Assert.Equal([7, 7], Windows(Tree.Variant(
            "TinyMmMambaLinear", Three + "sliding_window: { window: 64 }\ntowers: [ { embedding: 2 }, { decoder: { layers: 4, sliding_window: { window: 7 } } } ]")));
    }

    [Theory]
    // Two of three take the rest: the last one is the surplus.
    [InlineData("layers: { attention: { at: [0] }, sliding_window: rest, mamba2: rest }", "MMD053", 65, "`sliding_window` already")]
    // Of an overlap the mixer that comes later in the language is spoken of.
    [InlineData("layers: { attention: { at: [0, 3] }, sliding_window: { at: [3] }, mamba2: rest }", "MMD055", 38, "`sliding_window` takes layers 3, which `attention` takes too")]
    [InlineData("layers: { attention: { at: [0] }, sliding_window: { at: [1] }, mamba2: { at: [2] } }", "MMD054", 64, "no mixer takes layers 3..5")]
    [InlineData("layers: { mamba2: rest, sliding_windw: { at: [1] } }", "MMD020", 25, "`sliding_window`")]
    [InlineData("layers: sliding", "MMD023", 9, "`sliding_window`")]
    [InlineData("sliding_window: { window: 0 }", "MMD022", 27, "a whole number from 1 to 16777216")]
    [InlineData("sliding_window: { window: 64 }", "MMD080", 19, "no layer has a sliding window")]
    public void A_mistake_is_told_at_its_place(string line, string id, int column, string says)
    {
        var found = Assert.Single(Tree.Diagnose("TinyMmMambaLinear", line));
        Assert.Equal((id, 4, column), (found.Id, found.Span.StartLine, found.Span.StartColumn));
        Assert.Contains(says, found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rope_is_read_by_windows_and_a_window_by_nothing_else()
    {
        const string Windowed = "layers: { mamba2: { at: [0, 1] }, sliding_window: rest }\n";
        Assert.Empty(Tree.Diagnose("TinyMmMambaLinear", Windowed + "attention: { rope: { theta: 5.0e4 } }"));
        Assert.Equal("MMD080", Assert.Single(Tree.Diagnose("TinyMmMambaLinear", "attention: { rope: { theta: 5.0e4 } }")).Id);
        Assert.Empty(Tree.Diagnose("TinyMmMambaLinear", Windowed + "overrides: [ { where: \"layers[2]\", sliding_window: { window: 8 } } ]"));
        Assert.Contains(
            "no layer of `layers[0]` has a sliding window",
            Assert.Single(Tree.Diagnose("TinyMmMambaLinear", Windowed + "overrides: [ { where: \"layers[0]\", sliding_window: { window: 8 } } ]")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_student_keeps_the_teachers_tensors_and_trains_none_of_them()
    {
        var teacher = Resolver.Resolve(Tree.Model("TinyHovle"));
        var (three, hybrid) = (
            Resolver.Resolve(Tree.Variant("TinyMmMambaLinear", Three), teacher),
            Resolver.Resolve(Tree.Variant("TinyMmMambaLinear", "layers: { attention: { at: [0, 2, 4] }, mamba2: rest }"), teacher));
        Assert.Equal(hybrid.Tensors, three.Tensors);
        Assert.Equal(hybrid.Distillation!.Stages, three.Distillation!.Stages);
        Assert.Equal(hybrid.Distillation.ConvertedFingerprint, three.Distillation.ConvertedFingerprint);
        Assert.NotEqual(hybrid.Fingerprint, three.Fingerprint);
        Assert.NotEqual(three.Fingerprint, Resolver.Resolve(Tree.Variant("TinyMmMambaLinear", Three + "sliding_window: { window: 9 }"), teacher).Fingerprint);
    }

    [Fact]
    public void A_difference_names_the_window_and_nothing_else()
    {
        var teacher = Resolver.Resolve(Tree.Model("TinyHovle"));
        ModelFacts Of(int window) => ModelFacts.Of(Resolver.Resolve(Tree.Variant("TinyMmMambaLinear", $"{Three}sliding_window: {{ window: {window} }}"), teacher), teacher);
        var change = Assert.Single(ModelDiff.Of(Of(64), Of(9)).Changes, change => change.Area is FactArea.Layers or FactArea.Settings or FactArea.Transfer or FactArea.Recipe);
        Assert.Equal(("sliding_window.window", "64", "9", 2), (change.Path, change.Before, change.After, change.Layers.Count));
    }

    [Fact]
    public void Keys_and_values_of_the_window_are_held_and_no_more()
    {
        var teacher = Resolver.Resolve(Tree.Model("TinyHovle"));
        var costs = Costs.Of(Resolver.Resolve(Tree.Variant("TinyMmMambaLinear", "layers: { sliding_window: { at: [2] }, mamba2: rest }\nsliding_window: { window: 100 }"), teacher));
        const int Element = 2, KeyAndValue = 2 * 3 * 16;
        Assert.Equal(99 * KeyAndValue * Element, costs.KvBytes(99, Element));
        Assert.Equal(100 * KeyAndValue * Element, costs.KvBytes(100, Element));
        Assert.Equal(100 * KeyAndValue * Element, costs.KvBytes(103_424, Element));
        Assert.Equal(costs.DecodeFlops(100), costs.DecodeFlops(1_000_000));
    }

    [Fact]
    public void The_canonical_form_returns()
    {
        var model = Tree.Variant("TinyMmMambaLinear", Three + "sliding_window: { window: 64 }\nsummary: Windows.");
        var text = CanonicalSpec.Render(model);
        Assert.Contains("layers:\n  attention:\n    at: [0]\n  mamba2:\n    at: [1, 3, 5]\n  sliding_window: rest\n", text, StringComparison.Ordinal);
        var again = Tree.BindAmongShipped(new SpecFile("variant.mmmodel.yaml", text)).Single().Model!;
        Assert.Equal(text, CanonicalSpec.Render(again));
    }

    [Fact]
    public void The_sheet_tells_of_all_three() => Snapshot.Verify(Sheet.Render(Resolver.Resolve(
        Tree.Variant("TinyMmMambaLinear", Three + "sliding_window: { window: 64 }"), Resolver.Resolve(Tree.Model("TinyHovle")))));
}
