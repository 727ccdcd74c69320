using CsCheck;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Tests.Binding;

/// <summary>Settings of single layers: which layers, which settings, and what is refused.</summary>
public class OverridesTests
{
    // TinyMmMambaHybrid: embedding 0..1, decoder 2..5; attention at 0 and 3; chunk 64, conv 2.
    static LayerSettings[] Layers(string of, string overrides) => [.. Tree.Variant(of, "overrides:\n" + overrides).Towers.SelectMany(tower => tower.Each())];

    static string[] Found(string of, string overrides) =>
        [.. Tree.Diagnose(of, "overrides:\n" + overrides).Select(found => $"{found.Span.StartLine},{found.Span.StartColumn} {found.Id} {found.Message}")];

    [Theory]
    [InlineData("decoder", "2 3 4 5")]
    [InlineData("layers", "0 1 2 3 4 5")]
    [InlineData("decoder[0]", "2")]
    [InlineData("decoder[1..2, 3]", "3 4 5")]
    [InlineData(" embedding [ 1 ] ", "1")]
    [InlineData("layers[1..2,5]", "1 2 5")]
    public void Where_names_layers(string where, string expected)
    {
        var layers = Layers("TinyMmMambaHybrid", $"  - {{ where: \"{where}\", mamba2: {{ chunk: 7 }} }}");
        Assert.Equal(expected, string.Join(" ", Enumerable.Range(0, layers.Length).Where(i => layers[i].Of<Mamba2Spec>().Chunk == 7)));
    }

    [Fact]
    public void Each_setting_lands_in_its_layer_and_the_rest_stays()
    {
        var before = Layers("TinyMmMambaHybrid", "  - { where: \"layers[0]\", mamba2: { skip: on } }");
        var after = Layers("TinyMmMambaHybrid", """
              - { where: "layers[0]", mamba2: { skip: on } }
              - { where: "decoder[0..1]", mamba2: { conv: 4, gate: off }, norm: { rms: 1.0e-6 } }
              - { where: "decoder[1]", attention: { rope: { theta: 5.0e4 } } }
            """);
        var tower = before[1];
        Assert.Equal(before[..2], after[..2]);
        Assert.Equal(tower.With(tower.Of<Mamba2Spec>() with { Conv = 4, Gate = false }) with { NormEps = 0.000001m }, after[2]);
        Assert.Equal(after[2].With(tower.Of<AttentionSpec>() with { RopeTheta = 50_000 }), after[3]);
        Assert.Equal([tower, tower], after[4..]);
    }

    [Fact]
    public void A_base_may_have_layers_of_different_shape()
    {
        var model = Tree.Variant("TinyHovle", "overrides: [ { where: \"decoder[3]\", attention: { heads: 8, kv_heads: 2 }, mlp: { swiglu: 100 } } ]");
        var resolved = Resolver.Resolve(model);
        var plain = Resolver.Resolve(Tree.Model("TinyHovle"));
        // wqkv (heads + 2 kv heads) * 16 x 96, wo 96 x heads * 16; MLP 3 x 96 x width.
        Assert.Equal(((8 + 4) * 16 * 96 + 96 * 8 * 16 + 3 * 96 * 100) - ((6 + 6) * 16 * 96 + 96 * 6 * 16 + 3 * 96 * 256), resolved.ParameterCount - plain.ParameterCount);
        Assert.Equal(4 * (2 * 2 * 16 - 2 * 3 * 16), Costs.Of(resolved).KvBytes(1, elementBytes: 4) - Costs.Of(plain).KvBytes(1, elementBytes: 4));
        Assert.NotEqual(plain.Fingerprint, resolved.Fingerprint);
    }

    [Fact]
    public void Tensors_counts_and_stages_follow_each_layer()
    {
        var plain = ModelSet.Resolve(Tree.Bind([.. Tree.Shipped])).Find("TinyMmMambaHybrid")!;
        var model = Resolver.Resolve(Tree.Variant("TinyMmMambaHybrid", """
            overrides:
              - { where: "layers[1]", mamba2: { conv: 4, gate: off } }
              - { where: "layers[0]", mamba2: { skip: on } }
            """), ModelSet.Resolve(Tree.Bind([.. Tree.Shipped])).Find("TinyHovle"));
        // 12 heads of 16 through the convolution, two more taps; the gate is 96 x 96.
        long taps = 2 * 12 * 16, gate = 96 * 96;
        Assert.Equal(taps - gate, model.ParameterCount - plain.ParameterCount);
        Assert.Equal(4 * taps, Costs.Of(model).StateBytes(elementBytes: 4) - Costs.Of(plain).StateBytes(elementBytes: 4));
        ResolvedStage Stage(ResolvedModel of, StageKind kind) => of.Distillation!.Stages.Single(stage => stage.Spec.Kind == kind);
        // Stages 1 and 2 convert layer 0 too, whose D is trained there alone: a group that some layer has is trained where it is.
        Assert.Equal(taps - gate + 6, Stage(model, StageKind.Introduced).TrainedCount - Stage(plain, StageKind.Introduced).TrainedCount);
        Assert.Equal(taps - gate, Stage(model, StageKind.EndToEnd).TrainedCount - Stage(plain, StageKind.EndToEnd).TrainedCount);
        Assert.Contains(model.Tensors, tensor => tensor.Layer == 3 && tensor.Group == TensorGroup.Gate);
        Assert.DoesNotContain(model.Tensors, tensor => tensor.Layer == 1 && tensor.Group == TensorGroup.Gate);
    }

    [Theory]
    [InlineData("  - { where: decodr, mamba2: { chunk: 7 } }", "5,14 MMD023 `where` has no `decodr`; did you mean `decoder`?")]
    [InlineData("  - { where: \"decoder[4]\", mamba2: { chunk: 7 } }", "5,14 MMD051 there is no layer 4: the layers of `decoder` are 0..3")]
    [InlineData("  - { where: \"layers[1..9]\", mamba2: { chunk: 7 } }", "5,14 MMD051 there is no layer 9: the layers of the model are 0..5")]
    [InlineData("  - { where: \"decoder[1, 0..1]\", mamba2: { chunk: 7 } }", "5,14 MMD052 layer 1 is already in the list")]
    [InlineData("  - { where: decoder }", "5,7 MMD024 an override needs the key `attention`, `mamba2`, `sliding_window`, `norm` or `mlp`: what these layers have instead")]
    [InlineData("  - { mamba2: { chunk: 7 } }", "5,7 MMD024 an override needs the key `where`: a tower such as `decoder`, layers of it such as `decoder[0, 8..15]`, or `layers[...]` over the model")]
    [InlineData("  - { where: decoder, mamba2: { chnk: 7 } }", "5,33 MMD020 `mamba2` has no key `chnk`; did you mean `chunk`?")]
    [InlineData("  - { where: decoder, hidden: 7 }", "5,23 MMD020 an item of `overrides` has no key `hidden`; write `where`, `attention`, `mamba2`, `sliding_window`, `norm` or `mlp`")]
    [InlineData("  - { where: \"decoder[0]\", attention: { kv_heads: 4 } }", "5,51 MMD040 6 heads can't share 4 key and value heads evenly; write a kv_heads that divides 6")]
    [InlineData("  - { where: \"decoder[0]\", norm: ~ }", "5,34 MMD024 a layer needs the key `norm`: one of `rms`")]
    [InlineData("  - { where: \"decoder[0]\", attention: { heads: 3 } }", "5,48 MMD062 `heads` is 3, but the teacher `TinyHovle` has 6; a student keeps the teacher's shape")]
    public void A_mistake_stands_at_its_own_place(string overrides, string expected) => Assert.Equal([expected], Found("TinyMmMambaHybrid", overrides));

    [Fact]
    public void Two_that_write_inside_of_each_other_overlap()
    {
        Assert.Equal(["6,23 MMD121 `mamba2` is written for one of these layers on line 5 already; let only one override write it"],
            Found("TinyMmMambaHybrid", "  - { where: \"layers[3]\", mamba2: { chunk: 7 } }\n  - { where: decoder, mamba2: ~ }"));
        Assert.Equal(["6,37 MMD121 `mamba2.chunk` is written for one of these layers on line 5 already; let only one override write it"],
            Found("TinyMmMambaHybrid", "  - { where: decoder, mamba2: ~ }\n  - { where: \"layers[3]\", mamba2: { chunk: 7 } }"));
        Assert.Empty(Found("TinyMmMambaHybrid", "  - { where: \"layers[3]\", mamba2: { chunk: 7 } }\n  - { where: \"layers[4]\", mamba2: { chunk: 7 } }\n  - { where: \"layers[3]\", mamba2: { conv: 3 } }"));
    }

    [Theory]
    [InlineData("TinyHovle", "  - { where: decoder, mamba2: { chunk: 7 } }", "5,33 MMD080 `mamba2.chunk` has no effect: no layer of `decoder` is Mamba-2")]
    [InlineData("TinyMmMambaLinear", "  - { where: decoder, attention: { rope: { theta: 7 } } }", "5,44 MMD080 `attention.rope.theta` has no effect: no layer of `decoder` keeps attention")]
    [InlineData("TinyMmMambaHybrid", "  - { where: \"layers[0]\", attention: { rope: { dynamic: 2 } } }", "5,48 MMD080 `attention.rope.dynamic` has no effect: the attention that a student keeps has plain positions unless `retained` is `dynamic`")]
    [InlineData("TinyMmMambaHybrid", "  - { where: decoder, mamba2: { chunk: ~ , gate: on } }", "5,50 MMD122 the layers of `decoder` have this value of `mamba2.gate` anyway")]
    [InlineData("TinyMmMambaHybrid", "  - { where: decoder, mamba2: { gate: ~ } }", "5,39 MMD028 `mamba2.gate` is not inherited, so there is nothing to take away; leave the line out")]
    public void What_changes_nothing_is_doubted(string of, string overrides, string expected) => Assert.Equal([expected], Found(of, overrides));

    /// <summary>Stages 1 and 2 convert a kept layer too, so what it has of Mamba-2 is read there.</summary>
    [Fact]
    public void A_students_kept_layer_reads_mamba2() => Assert.Empty(Found("TinyMmMambaHybrid", "  - { where: \"layers[0]\", mamba2: { chunk: 7 } }"));

    [Fact]
    public void They_are_inherited_as_one_list()
    {
        SpecFile Low(string overrides) => new("low.mmmodel.yaml", $"mmmodel: 1\nmodel: Low\nextends: TinyMmMambaHybrid\noverrides: {overrides}\n");
        var low = Low("[ { where: decoder, mamba2: { chunk: 7 } } ]");
        int[] Chunks(string lines)
        {
            var bound = Tree.BindAmongShipped(low, new("high.mmmodel.yaml", $"mmmodel: 1\nmodel: High\nextends: Low\n{lines}\n"))[1];
            Assert.True(bound.Model is not null, string.Join("\n", bound.Diagnostics));
            return [.. bound.Model!.Towers.SelectMany(tower => tower.Each()).Select(layer => layer.Of<Mamba2Spec>().Chunk)];
        }
        Assert.Equal([64, 64, 7, 7, 7, 7], Chunks("summary: As it is."));
        Assert.Equal([9, 64, 64, 64, 64, 64], Chunks("overrides: [ { where: \"layers[0]\", mamba2: { chunk: 9 } } ]"));
        Assert.Equal([64, 64, 64, 64, 64, 64], Chunks("overrides: ~"));
        // An inherited override that no longer fits is shown where the layers were taken away.
        var fewer = Tree.BindAmongShipped(Low("[ { where: \"decoder[3]\", mamba2: { chunk: 7 } } ]"),
            new("high.mmmodel.yaml", "mmmodel: 1\nmodel: High\nextends: Low\ntowers: [ { embedding: 2 }, { decoder: 3 } ]\nteacher: ~\nseed: ~\ndistill: ~\n"))[1];
        Assert.Equal(["high.mmmodel.yaml(3,10): error MMD051: there is no layer 3: the layers of `decoder` are 0..2 (from low.mmmodel.yaml:4)"], fewer.Diagnostics.Select(found => found.ToString()));
    }

    /// <summary>A list of overrides means what it means in any order, cut in any way: each layer has what was written for it.</summary>
    [Fact]
    public void Order_and_cut_mean_nothing() =>
        Gen.Select(Gen.Int[0, 3].Array[6], Gen.Bool.Array[6], Gen.Int[0, int.MaxValue]).Sample((chunks, gates, seed) =>
        {
            var lines = Enumerable.Range(0, 6).SelectMany(i => new[]
            {
                chunks[i] == 0 ? null : $"  - {{ where: \"layers[{i}]\", mamba2: {{ chunk: {chunks[i]} }} }}",
                gates[i] ? null : i < 2 ? $"  - {{ where: \"embedding[{i}]\", mamba2: {{ gate: off }} }}" : $"  - {{ where: \"decoder[{i - 2}]\", mamba2: {{ gate: off }} }}",
            }).OfType<string>().ToArray();
            if (lines.Length == 0) return;
            new Random(seed).Shuffle(lines);
            var layers = Layers("TinyMmMambaLinear", string.Join("\n", lines));
            for (var i = 0; i < 6; i++)
                Assert.Equal((chunks[i] == 0 ? 64 : chunks[i], gates[i]), (layers[i].Of<Mamba2Spec>().Chunk, layers[i].Of<Mamba2Spec>().Gate));
        }, iter: 100, threads: 1);
}
