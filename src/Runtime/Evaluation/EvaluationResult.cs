namespace MmMamba.Runtime.Evaluation;

/// <summary>How one kind of question was answered.</summary>
/// <param name="Kind">The kind, as its turns name it.</param>
/// <param name="Accuracy">Turns answered right, of all turns of the kind.</param>
/// <param name="Chance">The share, 0 to 1, that the best constant answer would get right: that of the most frequent answer in the evaluated
/// set. It is never below a uniform guess over the answers that occur.</param>
/// <param name="Answers">Different answers that occur.</param>
public sealed record KindResult(string Kind, Proportion Accuracy, double Chance, int Answers);

/// <summary>One answered turn.</summary>
/// <param name="Item">Index of its conversation in the order of evaluation.</param>
/// <param name="Turn">Index of the turn in the conversation.</param>
/// <param name="Kind">Kind of the question.</param>
/// <param name="Expected">Token ids of the true answer, its end token last.</param>
/// <param name="Predicted">The model's most likely token at each of these positions, given the true tokens before it.</param>
public sealed record Prediction(int Item, int Turn, string Kind, int[] Expected, int[] Predicted)
{
    /// <summary>Every token agrees, so that greedy decoding would give the true answer and stop.</summary>
    public bool Right => Expected.AsSpan().SequenceEqual(Predicted);

    /// <summary>The model's probability of the whole true answer, its end included, 0 to 1.</summary>
    public double Probability { get; init; }

    /// <summary>How closely the model follows its teacher here; null where no teacher was asked.</summary>
    public TeacherMatch? Teacher { get; init; }
}

/// <summary>An answer's tokens, a model and its teacher.</summary>
/// <param name="SameTokens">Tokens at which both find the same one most likely.</param>
/// <param name="Kl">KL(teacher || model) in nats, summed over the answer's tokens.</param>
public readonly record struct TeacherMatch(int SameTokens, double Kl);

/// <summary>An evaluation by kind of question.</summary>
/// <param name="Kinds">The kinds in alphabetical order.</param>
/// <param name="Samples">Some of the answered turns, the first of each kind.</param>
public sealed record EvaluationResult(IReadOnlyList<KindResult> Kinds, IReadOnlyList<Prediction> Samples)
{
    /// <summary>Counts answers by kind.</summary>
    /// <param name="answers">What <see cref="Evaluator.Answer"/> gave.</param>
    /// <param name="samplesPerKind">Answered turns of each kind that the result shows.</param>
    /// <exception cref="InputException">There is no answer.</exception>
    public static EvaluationResult Of(IEnumerable<Prediction> answers, int samplesPerKind = 3)
    {
        var tally = new Tally(samplesPerKind);
        foreach (var answer in answers) tally.Add(answer);
        var result = tally.Result();
        return result.Kinds.Count > 0 ? result : throw new InputException("the evaluated set has no answers; give conversations with at least one turn");
    }

    /// <summary>Mean of the kinds' accuracies, each kind weighing the same.</summary>
    public double Average => Kinds.Count == 0 ? 0 : Kinds.Average(kind => kind.Accuracy.Value);

    /// <summary>Mean of the kinds' chances.</summary>
    public double Chance => Kinds.Count == 0 ? 0 : Kinds.Average(kind => kind.Chance);

    /// <summary>Turns of all kinds together.</summary>
    public long Turns => Kinds.Sum(kind => kind.Accuracy.Trials);

    /// <summary>The result of a kind.</summary>
    /// <exception cref="KeyNotFoundException">No turn of that kind was evaluated.</exception>
    public KindResult this[string kind] => Kinds.FirstOrDefault(result => result.Kind == kind)
        ?? throw new KeyNotFoundException($"no turn of kind '{kind}' was evaluated");
}

/// <summary>How much of what the teacher knows and the seeded student does not, distillation brought.</summary>
public static class Recovery
{
    /// <summary>(distilled - seeded) / (teacher - seeded), each an accuracy from 0 to 1; null where the teacher is not above the seeded student.</summary>
    public static double? Of(double teacher, double seeded, double distilled) =>
        teacher > seeded ? (distilled - seeded) / (teacher - seeded) : null;
}
