using System.Globalization;
using System.Numerics;
using System.Text.Json;
using CsCheck;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;

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
    public void A_decoded_token_of_the_teacher_passes_through_every_weight_of_its_layers_and_the_head()
    {
        // 62,914,560 products a layer, the head, and 2 x 2048 a pair of tokens and layer.
        var costs = Costs.Of(Published.Hovle);
        Assert.Equal(2m * (32 * 62_914_560L + 92_553 * 2_048L) + 2L * 2 * 2_048 * 32 * 1_000, costs.DecodeFlops(999));
        Assert.Equal(2m * 32 * 62_914_560 * 1_000 + 2m * 92_553 * 2_048 + 2L * 2 * 2_048 * 32 * 500_500, costs.PrefillFlops(1_000));
    }

    [Fact]
    public void A_decoded_token_of_the_linear_model_costs_the_same_at_any_length()
    {
        var costs = Costs.Of(Published.Linear);
        // Projections with gate and dt, convolution, state update and read, output projection, MLP.
        var layer = 2m * (2_048 * (4_096 + 2_048 + 16) + 4_096 * 2 + 2 * 16 * 128 * 128 + 2_048 * 2_048 + 3 * 2_048 * 8_192);
        Assert.Equal(32 * layer + 2m * 92_553 * 2_048, costs.DecodeFlops(0));
        Assert.Equal(costs.DecodeFlops(0), costs.DecodeFlops(1_000_000));
        Assert.Equal(costs.DecodeBytesRead(0, BFloat16), costs.DecodeBytesRead(1_000_000, BFloat16));
    }

    [Fact]
    public void A_scan_counts_equal_chunks_with_their_padding()
    {
        // 150 tokens in chunks of at most 128 are 2 of 75; 151 are 2 of 76 with one token of padding.
        var lines = Costs.Of(Published.Linear).Lines(CostQuantity.Flops, new(151)).ToDictionary(line => line.Term.Name, line => line.Total / 32);
        Assert.Equal(2m * 16 * 128 * 2 * 76 * 76, lines["ssd.scores"]);
        Assert.Equal(2m * 16 * 128 * 128 * 2 * 76, lines["ssd.states"]);
        Assert.Equal(2m * 16 * 128 * 128 * 9, lines["ssd.boundaries"]);
        Assert.DoesNotContain("ssd.update", lines.Keys);
        Assert.Equal(2m * 16 * 128 * 2 * 75 * 75, Costs.Of(Published.Linear).Lines(CostQuantity.Flops, new(150)).Single(line => line.Term.Name == "ssd.within").Total / 32);
    }

    [Fact]
    public void A_batch_reads_weights_once_and_caches_each()
    {
        var costs = Costs.Of(Published.Hybrid);
        var perSequence = costs.CacheBytes(1_001, BFloat16) + 2_048 * BFloat16;
        Assert.Equal(7 * perSequence, costs.DecodeBytesRead(1_000, BFloat16, batch: 8) - costs.DecodeBytesRead(1_000, BFloat16));
        Assert.Equal(8 * costs.DecodeFlops(1_000), costs.DecodeFlops(1_000, batch: 8));
    }

    [Fact]
    public void Lines_add_up_to_totals_and_layers_to_lines()
    {
        foreach (var model in new[] { Published.Hovle, Published.Linear, Published.Hybrid })
            foreach (var quantity in Enum.GetValues<CostQuantity>())
            {
                var (costs, pass) = (Costs.Of(model), new Pass(300, Past: 7, Tiles: 2, Batch: 3));
                var lines = costs.Lines(quantity, pass).ToArray();
                Assert.Equal(costs.Total(quantity, pass), lines.Sum(line => line.Total));
                Assert.All(lines.Where(line => line.Term.Where != "model" && line.Term.Name != "weights"), line => Assert.Equal(line.Total, line.Layers.Sum()));
                Assert.All(lines.Where(line => line.Term.Where == "model"), line => Assert.Equal(0, line.Layers.Sum()));
            }
    }

    static ResolvedModel Greatest(LayersSpec layers)
    {
        var attention = new AttentionSpec(1024, 1024, 1024, 10_000, 32_768, null);
        var mamba2 = new Mamba2Spec(8, 1, true, true, true, true, true);
        var shared = new LayerSettings([attention, mamba2, Published.Window], 0.1m, 262_144);
        var spec = Published.HovleSpec with
        {
            Hidden = 65_536,
            Towers = [new("embedding", 1, shared), new("decoder", 1_023, shared)],
            Layers = layers,
            Tokens = new(4_194_304, 0, "internlm2_chat", null),
        };
        return Resolver.Resolve(spec);
    }

    [Fact]
    public void The_greatest_model_of_the_language_has_costs_too()
    {
        var costs = Costs.Of(Greatest(Published.Placed([], 1024, "greatest.mmmodel.yaml")));
        Assert.True(costs.PrefillFlops(103_424) > long.MaxValue);
        Assert.True(costs.DecodeBytesRead(103_424, Float32) > costs.WeightBytes(Float32) / 2);
    }

    static readonly Gen<long> AnyLength = Gen.Select(Gen.Int[0, 62], Gen.Long, (bits, value) => value & ((2L << bits) - 1) & long.MaxValue);

    /// <summary>The number by unbounded arithmetic, or a refusal where it is past all that a decimal holds.</summary>
    static void ExactOrRefused(BigInteger exact, Func<decimal> cost)
    {
        if (exact <= new BigInteger(decimal.MaxValue)) Assert.Equal(exact, new BigInteger(cost()));
        else Assert.Throws<OverflowException>(() => cost());
    }

    [Fact]
    public void At_any_length_a_cost_is_exact_or_refused()
    {
        var (full, linear) = (Costs.Of(Greatest(Published.AllAttention(1024))), Costs.Of(Greatest(Published.Placed([], 1024, "greatest.mmmodel.yaml"))));
        Gen.Select(AnyLength, Gen.Long[1, 1 << 20], Gen.Bool).Sample((tokens, batch, half) =>
        {
            var element = half ? 2 : 4;
            // 1,024 layers of keys and values of 1,024 heads of 1,024.
            ExactOrRefused(BigInteger.Pow(2, 31) * tokens * batch * element, () => full.CacheBytes(tokens, element, batch));
            // States of a head are squares, and of a convolution of 8 taps 7 inputs are looked back on.
            ExactOrRefused(BigInteger.Pow(2, 40) * batch * 4 + BigInteger.Pow(2, 30) * 3 * 7 * batch * element, () => linear.CacheBytes(tokens, element, batch));
        }, iter: 300, threads: 1);
        Assert.Equal(9_223_372_036_854_775_808m, full.CacheBytes(1 << 30, Float32));
        Assert.Throws<ArgumentOutOfRangeException>(() => full.CacheBytes(-1, Float32));
    }

    [Fact]
    public void Counts_are_printed_to_the_last_digit()
    {
        var model = Greatest(Published.AllAttention(1024));
        var work = JsonDocument.Parse(DescribeJson.Render(model)).RootElement.GetProperty("work").EnumerateArray().Last();
        var exact = Costs.Of(model).PrefillFlops(Costs.Lengths[1]);
        Assert.True(exact > 1L << 53);
        Assert.Equal(exact.ToString("0", CultureInfo.InvariantCulture), work.GetProperty("prefill_flops").GetRawText());
    }

    [Fact]
    public void The_optimizer_holds_two_moments_and_a_count()
    {
        var stage = Published.Hybrid.Distillation!.Stages[2];
        Assert.Equal(24 * 10, stage.TrainedTensors);
        Assert.Equal(2 * 303_075_072L * Float32 + 4 * 240, stage.OptimizerBytes(Float32));
        Assert.Equal(303_075_072L * BFloat16, stage.GradientBytes(BFloat16));
    }

    [Fact]
    public void Parts_add_up_to_the_whole()
    {
        foreach (var model in new[] { Published.Hovle, Published.Linear, Published.Hybrid })
        {
            var census = Census.Of(model);
            Tally[] parts = [census.Vision, census.Embeddings, .. census.Mixers.Select(mixers => mixers.Tally), census.Mlp, census.Norms];
            Tally[] origins = [census.Copied, census.Sliced, census.Drawn];
            Assert.Equal(model.ParameterCount, parts.Sum(part => part.Parameters));
            Assert.Equal(model.Tensors.Count, parts.Sum(part => part.Tensors));
            Assert.Equal(model.ParameterCount, origins.Sum(part => part.Parameters));
            Assert.Equal(model.Tensors.Count, origins.Sum(part => part.Tensors));
        }
    }
}
