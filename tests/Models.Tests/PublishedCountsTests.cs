using MmMamba.Runtime.Seeding;

namespace MmMamba.Models.Tests;

/// <summary>The published counts are constants of the generated code, and a count over real tensors says the same.</summary>
public sealed class PublishedCountsTests
{
    [Fact]
    public void Parameters_of_the_published_models()
    {
        Assert.Equal(2_606_327_808, Hovle.ParameterCount);
        Assert.Equal(2_741_992_448, MmMambaLinear.ParameterCount);
        Assert.Equal(2_708_076_288, MmMambaHybrid.ParameterCount);
    }

    [Fact]
    public void Parameters_that_the_stages_train()
    {
        Assert.Equal(135_664_640, MmMambaLinear.Distillation.Introduced.TrainedCount);
        Assert.Equal(404_100_096, MmMambaLinear.Distillation.Mixer.TrainedCount);
        Assert.Equal(404_100_096, MmMambaLinear.Distillation.EndToEnd.TrainedCount);
        Assert.Equal(135_664_640, MmMambaHybrid.Distillation.Introduced.TrainedCount);
        Assert.Equal(404_100_096, MmMambaHybrid.Distillation.Mixer.TrainedCount);
        Assert.Equal(303_075_072, MmMambaHybrid.Distillation.EndToEnd.TrainedCount);
    }

    [Theory]
    [MemberData(nameof(OnePlanTests.Names), MemberType = typeof(OnePlanTests))]
    public void A_count_over_tensors_equals_the_plans(string name)
    {
        var published = PublishedModels.Find(name)!;
        using var model = published.Create(new MetaParameters());

        Assert.Equal(published.Plan.ParameterCount, model.parameters().Sum(parameter => parameter.numel()));
        Assert.Equal(name, model.GetType().Name);
        Assert.Equal(published.Plan.Tensors.Select(tensor => tensor.Name), model.Tensors.Keys);
    }

    [Fact]
    public void Layers_and_caches_have_the_types_that_the_spec_gives_them()
    {
        using var model = new MmMambaHybrid(new MetaParameters());
        using var cache = model.CreateCache(batch: 1, maxTokens: 16);

        Assert.Same(model.Layers[0], model.Embedding0);
        Assert.Same(model.Layers[31], model.Decoder23);
        Assert.Same(cache[0], cache.Embedding0);
        Assert.Same(cache[31], cache.Decoder23);
    }

    [Fact]
    public void Bytes_follow_from_the_constants()
    {
        Assert.Equal(2_741_992_448L * 2, MmMambaLinear.Costs.WeightBytes(elementSize: 2));
        Assert.Equal(0, MmMambaLinear.Costs.KvBytes(100_000));
        Assert.Equal(32 * 2 * 8 * 128 * 2L * 1024, Hovle.Costs.CacheBytes(1024, elementSize: 2));
        Assert.Equal(32 * (16 * 128 * 128 * 4L + 4096 * 2), MmMambaLinear.Costs.StateBytes(elementSize: 2));
        Assert.Equal(MmMambaHybrid.Costs.KvBytes(7) + MmMambaHybrid.Costs.StateBytes(), MmMambaHybrid.Costs.CacheBytes(7));
    }
}
