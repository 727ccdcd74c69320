using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Native;
using static TorchSharp.torch;

namespace MmMamba.Cli.Verification;

/// <summary>Numbers by which two machines can tell that they computed the same logits.</summary>
static class LogitsFingerprint
{
    const int Positions = 5, Ids = 8, Most = 5;

    /// <param name="logits">Logits (1, tokens, vocab), float32 on the CPU.</param>
    /// <returns>What is found, and whether all of them are finite.</returns>
    public static (IReadOnlyList<Finding> Findings, bool IsFinite, double Greatest) Of(Tensor logits)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var (tokens, vocab) = (logits.shape[1], logits.shape[2]);
        var (finite, greatest, sum, squares) = (true, 0.0, 0.0, 0.0);
        // Token by token: the sums are double, and no second copy of all logits is made.
        for (var at = 0L; at < tokens; at++)
        {
            using var inner = NewDisposeScope();
            var row = logits[0, at].to(ScalarType.Float64);
            finite &= row.isfinite().all().item<bool>();
            greatest = Math.Max(greatest, row.abs().max().item<double>());
            sum += row.sum().item<double>();
            squares += row.Squared().sum().item<double>();
        }
        var norm = Math.Sqrt(squares);
        var findings = new List<Finding>
        {
            new Fact("shape", $"1 x {tokens} x {vocab}"),
            Number("mean", sum / (tokens * vocab), greatest),
            Number("greatest", greatest, greatest),
            Number("norm", norm, norm),
            new LikelyTokens($"most likely at {tokens - 1}", [.. MostLikely(logits, tokens - 1, Most)], Finding.Rounded(greatest)),
        };
        long[] ids = [.. Enumerable.Range(0, Ids).Select(i => i * (vocab - 1) / (Ids - 1))];
        foreach (var at in Enumerable.Range(0, Positions).Select(i => i * (tokens - 1) / (Positions - 1)).Distinct())
            findings.Add(new Numbers($"logits at {at}", [.. logits[0, at].index_select(0, tensor(ids)).data<float>().Select(logit => Finding.Rounded(logit))], Finding.Rounded(greatest)));
        findings.Add(new Fact("ids of these logits", string.Join(' ', ids)));
        findings.Add(new Bits("sha256", TensorHash.Of([("logits", logits)])));
        return (findings, finite, greatest);
    }

    static Numbers Number(string name, double value, double scale) => new(name, [Finding.Rounded(value)], Finding.Rounded(scale));

    static IEnumerable<LikelyToken> MostLikely(Tensor logits, long at, int most)
    {
        using var scope = NewDisposeScope();
        var (values, ids) = logits[0, at].topk((int)Math.Min(most, logits.shape[2]));
        return [.. ids.data<long>().Zip(values.data<float>(), (id, logit) => new LikelyToken((int)id, Finding.Rounded(logit)))];
    }
}
