using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Review;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Tests.Architecture;
using MmMamba.Testing;

namespace MmMamba.ModelDsl.Tests.Review;

/// <summary>Differences, as a reviewer reads them.</summary>
public class DiffTests
{
    static readonly ModelDiff OtherKinds = Compared.Hybrid.With(Compared.Of(
        Published.Keeping(Placement.Stacked(32, 8, fromHead: false)) with { Name = "TailStacked", Extends = "MmMambaHybrid" }));

    static string Text(ModelDiff diff) => DiffView.Text(diff, "before", "after");

    [Fact]
    public void Layers_change_kind() => Snapshot.Verify(DiffView.Text(OtherKinds, "MmMambaHybrid", "TailStacked"));

    [Fact]
    public void Markdown() => Snapshot.Verify(DiffView.Markdown(OtherKinds, "MmMambaHybrid", "TailStacked"), "md");

    [Fact]
    public void Json() => Snapshot.Verify(DiffJson.Render(OtherKinds, "MmMambaHybrid", "TailStacked"), "json");

    [Fact]
    public void Sizes() => Snapshot.Verify(Text(Compared.Variant("TinyHovle", "").With(Compared.Variant(
        "TinyHovle", "hidden: 128\ntowers: [ { embedding: 2 }, { decoder: { layers: 5, attention: { rope: { theta: 5.0e4 } } } } ]\nmlp: { swiglu: 512 }"))));

    [Fact]
    public void Switches_and_seed() => Snapshot.Verify(Text(Compared.Variant("TinyMmMambaHybrid", "").With(Compared.Variant(
        "TinyMmMambaHybrid", "mamba2: { conv: 4, skip: on, chunk: 32 }\nseed: inherit"))));

    [Fact]
    public void Recipe_only() => Snapshot.Verify(Text(Compared.Variant("TinyMmMambaHybrid", "").With(Compared.Variant(
        "TinyMmMambaHybrid", "distill: { clip: 1, schedule: cosine, stages: { mixer: { train: [ssm], lr: 1.0e-3 } } }"))));

    [Fact]
    public void A_stage_is_skipped() => Snapshot.Verify(Text(Compared.Variant("TinyMmMambaHybrid", "").With(Compared.Variant(
        "TinyMmMambaHybrid", "distill: { run: [introduced, end_to_end] }"))));

    [Fact]
    public void Cosmetics_only() => Snapshot.Verify(Text(Compared.Hybrid.With(Compared.Of(
        Published.HybridSpec with { Name = "Other", File = "other.mmmodel.yaml", Summary = "Said in\nother words, \"quoted\"." }))));

    [Fact]
    public void Equal() => Assert.Equal("before -> after\nNo difference.\n", Text(Compared.Hybrid.With(Compared.Of(Published.HybridSpec))));

    [Fact]
    public void A_moved_line_is_no_difference() => Assert.True(Compared.Hybrid.With(Compared.Of(
        Published.HybridSpec with { Layers = new([.. Published.HybridSpec.Layers.Placements.Select(placement => placement with { Line = 77 })]) })).IsEmpty);

    [Fact]
    public void A_teacher_and_its_student() => Snapshot.Verify(Text(ModelFacts.Of(Published.Hovle, null).With(Compared.Hybrid)));

    [Fact]
    public void Strips_of_many_layers_wrap()
    {
        var teacher = Resolver.Resolve(Deep(Published.HovleSpec with { Layers = Published.AllAttention(200) }));
        ModelFacts Placed(EquatableArray<int> attention) => ModelFacts.Of(Resolver.Resolve(Deep(Published.Keeping(attention, layers: 200)), teacher), teacher);
        var text = Text(Placed(Placement.Every(200, 5, fromHead: true)).With(Placed(Placement.Every(200, 4, fromHead: true))));
        Assert.All(text.Split('\n'), line => Assert.InRange(line.Length, 0, 150));
        Snapshot.Verify(text);
    }

    static ModelSpec Deep(ModelSpec spec) => spec with { Towers = [spec.Towers[0] with { Layers = 8 }, spec.Towers[1] with { Layers = 192 }] };

    [Fact]
    public void Nothing_is_wider_than_a_terminal_of_a_reviewer() =>
        Assert.All(Text(OtherKinds).Split('\n'), line => Assert.InRange(line.Length, 0, 150));
}
