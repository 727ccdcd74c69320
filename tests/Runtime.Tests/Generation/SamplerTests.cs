using CsCheck;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Generation;

namespace MmMamba.Runtime.Tests.Generation;

/// <summary>Picking a token, against the definition written out slowly.</summary>
public class SamplerTests
{
    static readonly Gen<float[]> Logits = Gen.Float[-8, 8].Array[2, 40];

    // Which ids may be drawn and how likely: by sorting and summing, nothing shared with the sampler.
    static Dictionary<int, double> Distribution(float[] logits, Sampling sampling, IReadOnlySet<int> held)
    {
        var scaled = logits.Select((logit, id) => (
            Id: id, Value: (held.Contains(id) ? (float)(logit > 0 ? logit / sampling.RepetitionPenalty : logit * sampling.RepetitionPenalty) : logit) / sampling.Temperature));
        var ranked = scaled.OrderByDescending(x => x.Value).ThenBy(x => x.Id).Take(sampling.TopK == 0 ? logits.Length : sampling.TopK).ToArray();
        var total = ranked.Sum(x => Math.Exp(x.Value));
        var kept = new Dictionary<int, double>();
        foreach (var (id, value) in ranked)
        {
            if (kept.Values.Sum() >= sampling.TopP) break;
            kept.Add(id, Math.Exp(value) / total);
        }
        var share = kept.Values.Sum();
        return kept.ToDictionary(x => x.Key, x => x.Value / share);
    }

    [Fact]
    public void Draws_follow_the_distribution()
    {
        float[] logits = [1.5f, -2, 0.3f, 2.2f, 1.5f, -0.7f, 0.9f];
        var sampling = new Sampling { Temperature = 0.8, TopK = 6, TopP = 0.9, RepetitionPenalty = 1.3 };
        int[] held = [3, 5, 3];
        const int Draws = 20_000;
        var counts = new int[logits.Length];
        for (var place = 0; place < Draws; place++) counts[Sampler.Pick([.. logits], sampling, held, 0, place)]++;
        var expected = Distribution(logits, sampling, held.ToHashSet());
        Assert.InRange(expected.Count, 3, 6);
        for (var id = 0; id < counts.Length; id++)
        {
            var p = expected.GetValueOrDefault(id);
            Assert.InRange(counts[id] / (double)Draws, p - 5 * Math.Sqrt(p * (1 - p) / Draws), p + 5 * Math.Sqrt(p * (1 - p) / Draws));
        }
    }

    [Fact]
    public void Nothing_outside_of_top_k_and_top_p_is_drawn() =>
        Gen.Select(Logits, Gen.Double[0.1, 3], Gen.Int[0, 12], Gen.Double[0.05, 1], Gen.Double[0.5, 2], Gen.ULong).Sample((logits, temperature, topK, topP, penalty, seed) =>
        {
            var sampling = new Sampling { Temperature = temperature, TopK = topK, TopP = topP, RepetitionPenalty = penalty, Seed = seed };
            int[] held = [0, 1, 1];
            var allowed = Distribution(logits, sampling, held.ToHashSet());
            var picked = Enumerable.Range(0, 20).Select(place => Sampler.Pick([.. logits], sampling, held, 0, place)).ToArray();
            return picked.All(allowed.ContainsKey);
        }, iter: 500);

    [Fact]
    public void Among_equal_logits_the_draw_goes_by_the_order_of_ids() =>
        Gen.Select(Gen.Int[-2, 2].Array[1, 300], Gen.Int[0, 40], Gen.ULong).Sample((values, topK, seed) =>
        {
            float[] logits = [.. values.Select((value, id) => value == 0 && id % 2 == 0 ? -0f : value)];
            var sampling = new Sampling { Temperature = 1, TopK = topK, Seed = seed };
            var allowed = Distribution(logits, sampling, new HashSet<int>());
            var random = new DataRandom(seed, 3, 5);
            return Sampler.Pick([.. logits], sampling, [], 3, 5) == allowed.Keys.ElementAt(random.Weighted([.. allowed.Values]));
        }, iter: 300);

    [Fact]
    public void Greedy_takes_the_greatest_logit_and_of_equals_the_first_id() =>
        Gen.Int[-3, 3].Array[1, 30].Sample(values =>
        {
            float[] logits = [.. values.Select(value => (float)value)];
            return Sampler.Pick([.. logits], Sampling.Greedy, [], 0, 0) == Array.IndexOf(values, values.Max());
        });

    [Fact]
    public void A_draw_is_keyed_by_seed_sequence_and_place()
    {
        var logits = new float[1000];
        int Pick(ulong seed, int sequence, int place) => Sampler.Pick([.. logits], new() { Temperature = 1, Seed = seed }, [], sequence, place);
        Assert.Equal(Pick(1, 2, 3), Pick(1, 2, 3));
        Assert.Equal(4, new[] { Pick(1, 2, 3), Pick(2, 2, 3), Pick(1, 3, 3), Pick(1, 2, 4) }.Distinct().Count());
    }

    [Fact]
    public void Settings_out_of_range_are_refused()
    {
        Refused("temperature is -1; expected 0 (greedy) or more", () => new Sampling { Temperature = -1 });
        Refused("temperature is NaN; expected 0 (greedy) or more", () => new Sampling { Temperature = double.NaN });
        Refused("top-k is -2; expected 0 (all tokens) or more", () => new Sampling { TopK = -2 });
        Refused("top-p is 0; expected above 0 and at most 1", () => new Sampling { TopP = 0 });
        Refused("top-p is 1.5; expected above 0 and at most 1", () => new Sampling { TopP = 1.5 });
        Refused("repetition penalty is 0; expected above 0", () => new Sampling { RepetitionPenalty = 0 });

        static void Refused(string message, Func<object> make) => Assert.Equal(message, Assert.Throws<InputException>(make).Message);
    }
}
