using CsCheck;
using MmMamba.ModelDsl.Architecture;

namespace MmMamba.Models.Tests;

/// <summary>The closed forms of generated classes give what the language's table gives.</summary>
public sealed class CostsTests
{
    sealed record Forms(
        Func<long, long, long> Prefill, Func<long, long> Decode, Func<long, long, int, long> Read, Func<long, long, int, long> Cache, Func<int, long> Weights);

    static readonly Dictionary<string, Forms> Generated = new()
    {
        [nameof(Hovle)] = new(Hovle.Costs.PrefillFlops, Hovle.Costs.DecodeFlops, Hovle.Costs.DecodeBytesRead, Hovle.Costs.CacheBytes, Hovle.Costs.WeightBytes),
        [nameof(MmMambaLinear)] = new(MmMambaLinear.Costs.PrefillFlops, MmMambaLinear.Costs.DecodeFlops, MmMambaLinear.Costs.DecodeBytesRead, MmMambaLinear.Costs.CacheBytes, MmMambaLinear.Costs.WeightBytes),
        [nameof(MmMambaHybrid)] = new(MmMambaHybrid.Costs.PrefillFlops, MmMambaHybrid.Costs.DecodeFlops, MmMambaHybrid.Costs.DecodeBytesRead, MmMambaHybrid.Costs.CacheBytes, MmMambaHybrid.Costs.WeightBytes),
        [nameof(TinyHovle)] = new(TinyHovle.Costs.PrefillFlops, TinyHovle.Costs.DecodeFlops, TinyHovle.Costs.DecodeBytesRead, TinyHovle.Costs.CacheBytes, TinyHovle.Costs.WeightBytes),
        [nameof(TinyMmMambaLinear)] = new(TinyMmMambaLinear.Costs.PrefillFlops, TinyMmMambaLinear.Costs.DecodeFlops, TinyMmMambaLinear.Costs.DecodeBytesRead, TinyMmMambaLinear.Costs.CacheBytes, TinyMmMambaLinear.Costs.WeightBytes),
        [nameof(TinyMmMambaHybrid)] = new(TinyMmMambaHybrid.Costs.PrefillFlops, TinyMmMambaHybrid.Costs.DecodeFlops, TinyMmMambaHybrid.Costs.DecodeBytesRead, TinyMmMambaHybrid.Costs.CacheBytes, TinyMmMambaHybrid.Costs.WeightBytes),
    };

    [Theory]
    [MemberData(nameof(OnePlanTests.Names), MemberType = typeof(OnePlanTests))]
    public void Generated_forms_equal_the_table(string name)
    {
        var (forms, costs) = (Generated[name], Costs.Of(RunTimeModels.All[name]));
        foreach (var element in new[] { 2, 4 })
        {
            Assert.Equal(costs.WeightBytes(element), forms.Weights(element));
            foreach (var batch in new[] { 1, 5 })
                foreach (var tokens in new[] { 1, 63, 64, 65, 128, 129, 1000, 1024, 103_424, 1_000_003 })
                {
                    Assert.Equal(costs.CacheBytes(tokens, element, batch), forms.Cache(tokens, batch, element));
                    Assert.Equal(costs.DecodeBytesRead(tokens, element, batch), forms.Read(tokens, batch, element));
                    Assert.Equal(costs.PrefillFlops(tokens, tiles: batch), forms.Prefill(tokens, batch));
                    Assert.Equal(costs.DecodeFlops(tokens), forms.Decode(tokens));
                }
        }
    }

    static readonly Gen<long> AnyLength = Gen.Select(Gen.Int[0, 61], Gen.Long, (bits, value) => Math.Max(1, value & ((2L << bits) - 1) & long.MaxValue));

    [Theory]
    [MemberData(nameof(OnePlanTests.Names), MemberType = typeof(OnePlanTests))]
    public void At_any_length_a_form_is_exact_or_refused(string name)
    {
        var (forms, costs) = (Generated[name], Costs.Of(RunTimeModels.All[name]));
        Gen.Select(AnyLength, Gen.Long[1, 1 << 20], Gen.Bool).Sample((tokens, batch, half) =>
        {
            var element = half ? 2 : 4;
            ExactOrRefused(() => costs.CacheBytes(tokens, element, batch), () => forms.Cache(tokens, batch, element), always: true);
            ExactOrRefused(() => costs.DecodeFlops(tokens), () => forms.Decode(tokens), always: true);
            // Their parts may be past 64 bits where the whole is not.
            ExactOrRefused(() => costs.PrefillFlops(tokens, tiles: batch), () => forms.Prefill(tokens, batch), always: false);
            ExactOrRefused(() => costs.DecodeBytesRead(tokens, element, batch), () => forms.Read(tokens, batch, element), always: false);
        }, iter: 2_000, threads: 1);
    }

    /// <param name="always">Whether every number of 64 bits is given.</param>
    static void ExactOrRefused(Func<decimal> exact, Func<long> form, bool always)
    {
        long number;
        try { number = form(); }
        catch (OverflowException)
        {
            if (always) Assert.True(Number(exact) > long.MaxValue);
            return;
        }
        Assert.Equal(exact(), number);

        static decimal Number(Func<decimal> exact)
        {
            try { return exact(); }
            catch (OverflowException) { return decimal.MaxValue; }
        }
    }
}
