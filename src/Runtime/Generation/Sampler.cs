using MmMamba.Runtime.Data;

namespace MmMamba.Runtime.Generation;

/// <summary>Picks a token of one sequence from its logits.</summary>
static class Sampler
{
    /// <param name="logits">One for each id; is overwritten.</param>
    /// <param name="sampling">How to pick.</param>
    /// <param name="held">Ids that the sequence holds, for the repetition penalty; may repeat.</param>
    /// <param name="sequence">Number of the sequence in its batch.</param>
    /// <param name="place">Tokens before the picked one.</param>
    public static int Pick(Span<float> logits, Sampling sampling, IEnumerable<int> held, int sequence, int place)
    {
        if (sampling.RepetitionPenalty != 1) Penalize(logits, sampling.RepetitionPenalty, held);
        if (sampling.Temperature == 0 || sampling.TopK == 1) return MostLikely(logits);

        var ids = Candidates(logits, sampling.TopK);
        var probabilities = Probabilities(logits, ids, sampling.Temperature);
        var kept = Kept(probabilities, sampling.TopP);
        var random = new DataRandom(sampling.Seed, (ulong)sequence, (ulong)place);
        return ids[random.Weighted(probabilities.AsSpan(0, kept))];
    }

    static void Penalize(Span<float> logits, double penalty, IEnumerable<int> held)
    {
        foreach (var id in held.Distinct()) logits[id] = (float)(logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty);
    }

    static int MostLikely(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var id = 1; id < logits.Length; id++)
            if (logits[id] > logits[best]) best = id;
        return best;
    }

    // The most likely ids, in falling order; equal ones by id.
    static int[] Candidates(ReadOnlySpan<float> logits, int count)
    {
        if (count == 0 || count > logits.Length) count = logits.Length;
        // Room for as many again: what is full is sorted and cut, and then most ids are worse than the worst that is left.
        var ranks = new ulong[Math.Min(2 * (long)count, logits.Length)];
        var (held, worst) = (0, ulong.MaxValue);
        for (var id = 0; id < logits.Length; id++)
        {
            var rank = Rank(logits[id], id);
            if (rank > worst) continue;
            ranks[held++] = rank;
            if (held < ranks.Length) continue;
            Array.Sort(ranks);
            (held, worst) = (count, ranks[count - 1]);
        }
        Array.Sort(ranks, 0, held);
        var ids = new int[Math.Min(held, count)];
        for (var i = 0; i < ids.Length; i++) ids[i] = (int)(uint)ranks[i];
        return ids;
    }

    // A number that is the less the greater the logit, and among equal logits the less the id.
    static ulong Rank(float logit, int id)
    {
        if (float.IsNaN(logit)) return (uint)id; // first, whatever its sign
        var bits = BitConverter.SingleToUInt32Bits(logit + 0f); // no zero is below another
        var rising = (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
        return (ulong)~rising << 32 | (uint)id;
    }

    static double[] Probabilities(ReadOnlySpan<float> logits, int[] ids, double temperature)
    {
        var weights = new double[ids.Length];
        var (highest, sum) = ((double)logits[ids[0]], 0.0);
        for (var i = 0; i < ids.Length; i++) sum += weights[i] = Math.Exp((logits[ids[i]] - highest) / temperature);
        for (var i = 0; i < weights.Length; i++) weights[i] /= sum;
        return weights;
    }

    // How many of the most likely ones reach the share.
    static int Kept(double[] probabilities, double share)
    {
        if (share >= 1) return probabilities.Length;
        var (sum, kept) = (0.0, 0);
        while (kept < probabilities.Length && sum < share) sum += probabilities[kept++];
        return kept;
    }
}
