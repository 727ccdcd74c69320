using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;

namespace MmMamba.ModelDsl.Tests.Architecture;

/// <summary>Specs of a tree, from their text to resolved models.</summary>
public class ModelSetTests
{
    public static readonly ModelSet Set = ModelSet.Resolve(Tree.Bind([.. Tree.Shipped]));

    public static TheoryData<string> Shipped => [.. Set.Models.Select(model => model.Name)];

    public static ResolvedModel Model(string name) => Set.Find(name) ?? throw new ArgumentException($"No spec of the tree has the model {name}.", nameof(name));

    [Fact]
    public void All_shipped_specs_resolve()
    {
        Assert.Empty(Set.Diagnostics);
        Assert.Equal(Tree.Shipped.Count, Set.Models.Count + Set.Families.Count);
        Assert.Superset(
            new HashSet<string> { "Hovle", "MmMambaLinear", "MmMambaHybrid", "TinyHovle", "TinyMmMambaLinear", "TinyMmMambaHybrid" },
            Set.Models.Select(model => model.Name).ToHashSet());
    }

    [Theory]
    [InlineData("Hovle", 2_606_327_808, new long[0])]
    [InlineData("MmMambaLinear", 2_741_992_448, new[] { 135_664_640L, 404_100_096, 404_100_096 })]
    [InlineData("MmMambaHybrid", 2_708_076_288, new[] { 135_664_640L, 404_100_096, 303_075_072 })]
    public void Published_models_have_their_published_sizes(string name, long parameters, long[] trained)
    {
        var model = Model(name);
        Assert.Equal(parameters, model.ParameterCount);
        Assert.Equal(trained, model.Distillation?.Stages.Select(stage => stage.TrainedCount) ?? []);
    }

    [Fact]
    public void Shares_are_the_published_ones()
    {
        Assert.Equal([4.948m, 14.737m, 14.737m], Model("MmMambaLinear").Distillation!.Stages.Select(stage => stage.Percent));
        Assert.Equal(11.192m, Model("MmMambaHybrid").Distillation!.Stages[2].Percent);
    }

    [Fact]
    public void What_is_written_means_what_is_built_by_hand()
    {
        Assert.Equal(Published.Hovle.Fingerprint, Model("Hovle").Fingerprint);
        Assert.Equal(Published.Linear.Tensors, Model("MmMambaLinear").Tensors);
        Assert.Equal(Published.Hybrid.Fingerprint, Model("MmMambaHybrid").Fingerprint);
        Assert.Equal(Published.Hybrid.Tensors, Model("MmMambaHybrid").Tensors);
    }

    [Fact]
    public void Tiny_models_share_their_converted_form() =>
        Assert.Equal(Model("TinyMmMambaLinear").Fingerprint, Model("TinyMmMambaHybrid").Distillation!.ConvertedFingerprint);

    [Fact]
    public void The_order_of_the_files_does_not_matter()
    {
        var backwards = ModelSet.Resolve(Tree.Bind([.. Tree.Shipped.Reverse()]));
        Assert.Equal(Set.Models.Reverse(), backwards.Models);
    }

    [Fact]
    public void A_broken_spec_is_told_of_and_hides_no_other()
    {
        var set = ModelSet.Resolve(Tree.Bind([new SpecFile("broken.mmmodel.yaml", "mmmodel: 1\nmodel: Broken\nhidden: [1, 2"), .. Tree.Shipped]));
        Assert.True(set.HasErrors);
        Assert.Null(set.Find("Broken"));
        Assert.Equal(Set.Models, set.Models);
    }

    [Fact]
    public void The_largest_model_that_the_language_allows_can_be_counted()
    {
        var teacher = Resolver.Resolve(Tree.Variant("Hovle", """
            hidden: 65536
            tokens: { vocab: 4194304 }
            towers: [ { embedding: 512 }, { decoder: 512 } ]
            mlp: { swiglu: 262144 }
            attention: { heads: 1024, kv_heads: 1024, head_dim: 1024 }
            """));
        Assert.True(teacher.ParameterCount > 300_000_000_000_000);
        Assert.NotEmpty(Sheet.Render(teacher));
        Assert.NotEmpty(DescribeJson.Render(teacher));
    }
}
