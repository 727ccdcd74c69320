using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Tests.Binding;

/// <summary>Rotary positions of the attention that a student keeps: plain, unless its spec says otherwise.</summary>
public class RetainedPositionsTests
{
    const string Plain = "`dynamic`" + AndPlain;

    const string AndPlain = " has no effect: the attention that a student keeps has plain positions unless `retained` is `dynamic`";

    static IEnumerable<string> Found(string of, string lines) => Tree.Diagnose(of, lines)
        .Select(found => FormattableString.Invariant($"{found.Span.StartLine},{found.Span.StartColumn} {found.Id} {found.Message}"));

    static decimal?[] Factors(string of, string lines)
    {
        var spec = Tree.Variant(of, lines);
        var teacher = ModelSet.Resolve(Tree.Bind([.. Tree.Shipped])).Find(spec.Teacher!);
        return [.. Resolver.Resolve(spec, teacher).Layers.Select(layer => layer.Mixer).OfType<ResolvedAttention>().Select(attention => attention.DynamicFactor)];
    }

    [Theory]
    [InlineData("MmMambaHybrid", "", null)]
    [InlineData("MmMambaHybrid", "attention: { rope: { dynamic: 3 } }", null)]
    [InlineData("MmMambaHybrid", "attention: { rope: { retained: plain } }", null)]
    [InlineData("MmMambaHybrid", "attention: { rope: { retained: dynamic } }", "2")]
    [InlineData("MmMambaHybrid", "attention: { rope: { dynamic: 3, retained: dynamic } }", "3")]
    [InlineData("MmMambaHybrid", "attention: { rope: { dynamic: ~, retained: dynamic } }", null)]
    [InlineData("TinyMmMambaHybrid", "attention: { rope: { dynamic: 2, retained: dynamic } }", "2")]
    [InlineData("TinyMmMambaHybrid", "overrides: [ { where: layers, attention: { rope: { retained: dynamic, dynamic: 2 } } } ]", "2")]
    public void Every_layer_that_keeps_attention_has_the_factor(string of, string lines, string? factor) =>
        Assert.All(Factors(of, lines), found => Assert.Equal(factor, found is { } one ? CanonicalNumber.Of(one) : null));

    [Fact]
    public void An_override_decides_for_its_layers() =>
        Assert.Equal([2m, null, null], Factors("TinyMmMambaHybrid", "overrides: [ { where: \"layers[0]\", attention: { rope: { dynamic: 2, retained: dynamic } } } ]"));

    [Fact]
    public void A_student_of_a_student_inherits_what_it_says()
    {
        var bound = Tree.BindAmongShipped(
            new SpecFile("low.mmmodel.yaml", "mmmodel: 1\nmodel: Low\nextends: MmMambaHybrid\nattention: { rope: { retained: dynamic } }\n"),
            new SpecFile("high.mmmodel.yaml", "mmmodel: 1\nmodel: High\nextends: Low\n"));
        Assert.All(bound, spec => Assert.Empty(spec.Diagnostics));
        Assert.All(bound, spec => Assert.Contains("    retained: dynamic\n", CanonicalSpec.Render(spec.Model!)));
    }

    [Theory]
    [InlineData("TinyMmMambaHybrid", "attention: { rope: { dynamic: 2 } }", "4,22 MMD080 " + Plain)]
    [InlineData("TinyMmMambaHybrid", "attention: { rope: { dynamic: 2, retained: plain } }", "4,22 MMD080 " + Plain)]
    [InlineData("TinyMmMambaHybrid", "attention: { rope: { retained: dynamic } }", "4,22 MMD080 `retained` has no effect: `dynamic` gives no factor")]
    [InlineData("TinyHovle", "attention: { rope: { dynamic: 2, retained: dynamic } }", "4,34 MMD080 `retained` has no effect: only a student retains attention")]
    [InlineData("TinyMmMambaLinear", "attention: { rope: { retained: dynamic } }", "4,22 MMD080 `retained` has no effect: no layer keeps attention")]
    [InlineData("TinyMmMambaHybrid", "attention: { rope: { retained: ntk } }", "4,32 MMD023 `retained` has no `ntk`; write `plain` or `dynamic`")]
    [InlineData("TinyMmMambaHybrid", "overrides: [ { where: \"layers[0]\", attention: { rope: { dynamic: 2 } } } ]", "4,57 MMD080 `attention.rope.dynamic`" + AndPlain)]
    [InlineData("TinyMmMambaHybrid", "overrides:\n  - { where: \"layers[0]\", attention: { rope: { dynamic: 2 } } }\n  - { where: \"layers[2]\", attention: { rope: { retained: dynamic } } }",
        "5,48 MMD080 `attention.rope.dynamic`" + AndPlain, "6,48 MMD080 `attention.rope.retained` has no effect: `dynamic` gives no factor")]
    [InlineData("TinyHovle", "overrides: [ { where: \"layers[0]\", attention: { rope: { retained: dynamic } } } ]", "4,57 MMD080 `attention.rope.retained` has no effect: only a student retains attention")]
    public void What_has_no_effect_is_said(string of, string lines, params string[] expected) => Assert.Equal(expected, Found(of, lines));

    [Theory]
    [InlineData("MmMambaHybrid", "attention: { rope: { retained: dynamic } }")]
    [InlineData("TinyMmMambaHybrid", "attention: { rope: { dynamic: 2, retained: dynamic } }")]
    [InlineData("TinyMmMambaHybrid", "overrides:\n  - { where: \"layers[0]\", attention: { rope: { dynamic: 2 } } }\n  - { where: \"layers[0, 3]\", attention: { rope: { retained: dynamic } } }")]
    public void What_has_an_effect_is_left_in_peace(string of, string lines) => Assert.Empty(Found(of, lines));

    [Fact]
    public void A_configuration_has_the_factor_and_reads_back_plain_as_the_released_code_computes()
    {
        var text = PublishedConfig.Render(Tree.Variant("TinyMmMambaHybrid", "attention: { rope: { dynamic: 2, retained: dynamic } }"), "bfloat16");
        Assert.Contains("\"rope_scaling\": {\"factor\": 2.0, \"type\": \"dynamic\"}", text);
        Assert.DoesNotContain("dynamic", PublishedConfigReader.Read("Back", text).Spec);
    }
}
