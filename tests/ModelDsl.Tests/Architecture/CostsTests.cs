using MmMamba.ModelDsl.Architecture;

namespace MmMamba.ModelDsl.Tests.Architecture;

/// <summary>Memory, against the published arithmetic.</summary>
public class CostsTests
{
    const int BFloat16 = 2, Float32 = 4;

    [Fact]
    public void Weights()
    {
        Assert.Equal(10_425_311_232, Costs.Of(Published.Hovle).WeightBytes(Float32));
        Assert.Equal(5_483_984_896, Costs.Of(Published.Linear).WeightBytes(BFloat16));
        Assert.Equal(5_416_152_576, Costs.Of(Published.Hybrid).WeightBytes(BFloat16));
    }

    [Fact]
    public void Attention_keeps_128_KiB_a_token_and_no_state()
    {
        var costs = Costs.Of(Published.Hovle);
        Assert.Equal(128 * 1024, costs.KvBytes(1, BFloat16));
        Assert.Equal(0, costs.StateBytes(BFloat16));
        Assert.Equal(costs.KvBytes(103_424, BFloat16), costs.CacheBytes(103_424, BFloat16));
    }

    [Fact]
    public void Mamba2_keeps_the_same_at_any_length()
    {
        var costs = Costs.Of(Published.Linear);
        Assert.Equal(32 * (1_048_576 + 4096 * 2), costs.StateBytes(BFloat16));
        Assert.Equal(32 * (1_048_576 + 4096 * 4), costs.StateBytes(Float32));
        Assert.Equal(costs.CacheBytes(1, BFloat16), costs.CacheBytes(103_424, BFloat16));
    }

    [Fact]
    public void A_hybrid_keeps_both()
    {
        var costs = Costs.Of(Published.Hybrid);
        Assert.Equal(8L * 4096 * 103_424 + 24 * (1_048_576 + 8192), costs.CacheBytes(103_424, BFloat16));
    }

    [Fact]
    public void Without_a_convolution_there_is_only_the_ssm_state() =>
        Assert.Equal(32 * 1_048_576, Costs.Of(Resolver.Resolve(Published.With(Published.MainMixer with { Conv = 0 }), Published.Hovle)).StateBytes(BFloat16));

    [Fact]
    public void Parts_add_up_to_the_whole()
    {
        foreach (var model in new[] { Published.Hovle, Published.Linear, Published.Hybrid })
        {
            var census = Census.Of(model);
            Tally[] parts = [census.Vision, census.Embeddings, census.Attention, census.Mamba2, census.Mlp, census.Norms];
            Tally[] origins = [census.Copied, census.Sliced, census.Drawn];
            Assert.Equal(model.ParameterCount, parts.Sum(part => part.Parameters));
            Assert.Equal(model.Tensors.Count, parts.Sum(part => part.Tensors));
            Assert.Equal(model.ParameterCount, origins.Sum(part => part.Parameters));
            Assert.Equal(model.Tensors.Count, origins.Sum(part => part.Tensors));
        }
    }
}
