using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Seeding;
using static TorchSharp.torch;
using PlanJson = MmMamba.ModelDsl.Rendering.PlanJson;

namespace MmMamba.Models.Tests;

/// <summary>A class with layers of every mixer, generated into this project from specs/three-mixers.mmmodel.yaml.</summary>
public sealed class ThreeMixersTests
{
    static readonly ResolvedModel AtRunTime = ModelSet.Resolve(Catalog.Bind([SpecParser.Parse(new(
        "three-mixers.mmmodel.yaml", File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "specs", "three-mixers.mmmodel.yaml"))))])).Models.Single();

    [Fact]
    public void The_generated_plan_is_the_one_made_at_run_time()
    {
        var plan = Runtime.Plans.PlanJson.Parse(PlanJson.Render(AtRunTime));
        Assert.Equal(Runtime.Plans.PlanJson.Write(plan), Runtime.Plans.PlanJson.Write(ThreeMixers.Plan));
        Assert.Equal(plan, ThreeMixers.Plan);
    }

    [Fact]
    public void Closed_forms_equal_the_table()
    {
        var costs = Costs.Of(AtRunTime);
        foreach (var tokens in new[] { 1, 15, 16, 17, 63, 64, 65, 999, 1000, 1001, 103_424 })
        {
            Assert.Equal(costs.PrefillFlops(tokens, tiles: 2), ThreeMixers.Costs.PrefillFlops(tokens, 2));
            Assert.Equal(costs.DecodeFlops(tokens), ThreeMixers.Costs.DecodeFlops(tokens));
            foreach (var element in new[] { 2, 4 })
                foreach (var batch in new[] { 1, 5 })
                {
                    Assert.Equal(costs.KvBytes(tokens, element, batch), ThreeMixers.Costs.KvBytes(tokens, batch, element));
                    Assert.Equal(costs.DecodeBytesRead(tokens, element, batch), ThreeMixers.Costs.DecodeBytesRead(tokens, batch, element));
                }
        }
    }

    [Fact]
    public void Its_layers_and_caches_have_their_types()
    {
        using var guard = no_grad();
        using var model = ThreeMixers.Create(new DrawnParameters(7));
        AttentionLayer first = model.Embedding0;
        SlidingWindowLayer second = model.Embedding1;
        Mamba2Layer third = model.Decoder0;
        Assert.Equal([0, 1, 2], new DecoderLayer[] { first, second, third }.Select(layer => layer.Plan.Index));

        using var cache = new ThreeMixers.Cache(model, 1, 100);
        model.Forward(new(ones(1, 70, ScalarType.Int64)), cache).Dispose();
        Assert.Equal(70, cache.Embedding0.Length);
        Assert.Equal(64, cache.Embedding1.Held);
        WindowCache wide = cache.Decoder3;
        Assert.Equal((100, 70), (wide.Size, wide.Held));
        Assert.Equal(ThreeMixers.Costs.CacheBytes(100), cache.Bytes);
    }
}
