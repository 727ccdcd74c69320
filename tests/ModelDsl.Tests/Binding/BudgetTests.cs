using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Tests.Binding;

/// <summary>Budgets, at the very figure and one beside it.</summary>
public class BudgetTests
{
    static string[] Found(string of, string max) => [.. Tree.Diagnose(of, "budget:\n  max:\n    " + max).Select(found => found.ToString())];

    [Fact]
    public void Parameters()
    {
        Assert.Empty(Found("MmMambaHybrid", "parameters: 2708076288"));
        Assert.Empty(Found("MmMambaHybrid", "parameters: 2.75e9"));
        Assert.Equal(
            ["variant.mmmodel.yaml(6,17): error MMD125: the model has 2,708,076,288 parameters, and the budget allows 2,708,076,287; the largest part is mlp with 1,610,612,736"],
            Found("MmMambaHybrid", "parameters: 2708076287"));
    }

    /// <summary>The last stage's share: 303,075,072 of 2,708,076,288.</summary>
    [Fact]
    public void Trainable_speaks_of_the_last_stage()
    {
        Assert.Empty(Found("MmMambaHybrid", "trainable: 15%"));
        Assert.Empty(Found("MmMambaHybrid", "trainable: 11.1916%"));
        Assert.Equal(
            ["variant.mmmodel.yaml(6,16): error MMD125: the stage `end_to_end` trains 11.192 % (303,075,072 of 2,708,076,288 parameters), and the budget allows 11.000 %; the largest part is `query` with 100,663,296"],
            Found("MmMambaHybrid", "trainable: 11%"));
        // The first stage converts all layers: 135,664,640 of 2,741,992,448, 4.948 %.
        Assert.Empty(Found("MmMambaHybrid", "trainable: 4.95%\ndistill: { run: [introduced] }"));
        Assert.Contains("`introduced` trains 4.948 %", Assert.Single(Found("MmMambaHybrid", "trainable: 4.94%\ndistill: { run: [introduced] }")));
    }

    /// <summary>8 layers x 2 x 8 heads x 128 x 2 bytes a token, and 24 states of 16 x 128 x 128 floats and a tap of 32 x 128 channels in bfloat16.</summary>
    [Fact]
    public void Cache_is_that_of_one_sequence_in_bfloat16()
    {
        long kv = 8L * 2 * 8 * 128 * 2 * 103_424, state = 24L * (16 * 128 * 128 * 4 + 32 * 128 * 2);
        Assert.Empty(Found("MmMambaHybrid", $"cache: {{ tokens: 103424, size: {kv + state} B }}"));
        Assert.Empty(Found("MmMambaHybrid", "cache: { tokens: 103424, size: 4 GiB }"));
        Assert.Equal(
            ["variant.mmmodel.yaml(6,36): error MMD125: one sequence of 103,424 tokens keeps 3.18 GiB (3,414,360,064 B), and the budget allows 3.00 GiB (3,221,225,472 B); the largest part is the KV caches with 3.16 GiB (3,388,997,632 B)"],
            Found("MmMambaHybrid", "cache: { tokens: 103424, size: 3 GiB }"));
        Assert.Single(Found("MmMambaHybrid", $"cache: {{ tokens: 103424, size: {kv + state - 1} B }}"));
        // 32 states of the same size.
        Assert.EndsWith("the largest part is the Mamba-2 states with 32.25 MiB (33,816,576 B)", Assert.Single(Found("MmMambaLinear", "cache: { tokens: 9, size: 1 MiB }")));
    }

    [Fact]
    public void A_model_over_its_budget_is_made_all_the_same()
    {
        var set = ModelSet.Resolve(Tree.BindAmongShipped(
            new("low.mmmodel.yaml", "mmmodel: 1\nmodel: Low\nextends: TinyHovle\nbudget: { max: { parameters: 10 } }\n"),
            new("high.mmmodel.yaml", "mmmodel: 1\nmodel: High\nextends: Low\nhidden: 64\n")).ToArray() is var bound ? [.. bound] : []);
        Assert.Equal(["Low", "High"], set.Models.Select(model => model.Name));
        // It is inherited like any key, and shown where this file took it over.
        Assert.Equal([("low.mmmodel.yaml", 4), ("high.mmmodel.yaml", 3)], set.Diagnostics.Select(found => (found.Path, found.Span.StartLine)));
        Assert.EndsWith("(from low.mmmodel.yaml:4)", set.Diagnostics[1].Message);
        Assert.True(set.HasErrors);
    }

    [Fact]
    public void A_base_overrides_a_part_of_it()
    {
        var bound = Tree.BindAmongShipped(
            new("low.mmmodel.yaml", "mmmodel: 1\nmodel: Low\nextends: TinyMmMambaLinear\nbudget: { max: { parameters: 1.0e9, cache: { tokens: 4096, size: 1 GiB } } }\n"),
            new("high.mmmodel.yaml", "mmmodel: 1\nmodel: High\nextends: Low\nbudget: { max: { cache: { size: 1 KiB } } }\n"));
        Assert.Empty(bound[0].Diagnostics);
        Assert.Equal("MMD125", Assert.Single(bound[1].Diagnostics).Id);
        Assert.Equal(new(1_000_000_000, null, new(4096, 1024)), bound[1].Model!.Budget);
    }

    [Fact]
    public void Without_a_recipe_nothing_is_trainable() =>
        Assert.Equal(["variant.mmmodel.yaml(6,5): warning MMD080: `trainable` has no effect: nothing is distilled"], Found("Hovle", "trainable: 15%"));

    [Fact]
    public void Where_no_stage_is_run_there_is_no_last_one()
    {
        Assert.Equal(["variant.mmmodel.yaml(6,5): warning MMD080: `trainable` has no effect: no stage is run"], Found("MmMambaHybrid", "trainable: 0.1%\ndistill: { run: [] }"));
        var recipe = Resolver.Resolve(Tree.Variant("MmMambaHybrid", "distill: { run: [introduced, mixer] }"), Resolver.Resolve(Tree.Model("Hovle"))).Distillation!;
        Assert.Equal(recipe.Stages[1], recipe.LastStage);
        Assert.Null((recipe with { Run = [] }).LastStage);
    }

    [Theory]
    [InlineData("4 GiB", 4L << 30)]
    [InlineData("4GiB", 4L << 30)]
    [InlineData("1.5 KiB", 1536L)]
    [InlineData("1e3 KB", 1_000_000L)]
    [InlineData("2 MB", 2_000_000L)]
    [InlineData("3 GB", 3_000_000_000L)]
    [InlineData("1 MiB", 1L << 20)]
    [InlineData("7 B", 7L)]
    [InlineData("0.3 B", null)]
    [InlineData("-1 KiB", null)]
    [InlineData("4 Gib", null)]
    [InlineData("4", null)]
    [InlineData("GiB", null)]
    [InlineData("four GiB", null)]
    [InlineData("9999999999 GiB", null)]
    public void Sizes_have_units(string text, long? bytes)
    {
        var (kind, number) = PlainScalar.Type(text);
        Assert.Equal(bytes, Scalars.Bytes(new ScalarNode("spec", default, text, kind, number)));
    }
}
