namespace MmMamba.Runtime.Evaluation;

/// <summary>How closely a student follows its teacher on the answers' tokens, right or wrong. Tells students apart before their accuracies do.</summary>
/// <param name="TopOne">Tokens at which both find the same token most likely.</param>
/// <param name="Kl">Mean KL(teacher || student) a token, in nats.</param>
public sealed record Agreement(Proportion TopOne, double Kl)
{
    /// <summary>The agreement over answers.</summary>
    /// <param name="answers">What <see cref="Evaluator.Answer"/> gave with a teacher.</param>
    /// <exception cref="ArgumentException">An answer was given without a teacher.</exception>
    public static Agreement Of(IEnumerable<Prediction> answers)
    {
        var (same, tokens, kl) = (0L, 0L, 0.0);
        foreach (var answer in answers)
        {
            var match = answer.Teacher ?? throw new ArgumentException("An answer was given without a teacher.", nameof(answers));
            same += match.SameTokens;
            kl += match.Kl;
            tokens += answer.Expected.Length;
        }
        return new Agreement(new Proportion(same, tokens), tokens == 0 ? 0 : kl / tokens);
    }
}
