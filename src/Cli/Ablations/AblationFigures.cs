using MmMamba.Runtime;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Evaluation;

namespace MmMamba.Cli.Ablations;

/// <summary>Figures of the members.</summary>
enum AblationFigure
{
    /// <summary>1 - KL(member) / KL(the linear model of the same seed before any stage): the share of what there is to learn that was learned.</summary>
    KlClosed,
    /// <summary>Share of questions answered right, mean over kinds.</summary>
    Accuracy,
    /// <summary>Share of the answers' tokens at which member and teacher find the same one most likely.</summary>
    Agreement,
    /// <summary>Mean KL(teacher || member) of an answer's token, nats.</summary>
    Kl,
}

/// <summary>An estimate over seeds.</summary>
/// <param name="Value">The mean over the seeds.</param>
/// <param name="Interval">Of 95 %; null where there is none, as for a contrast of one seed.</param>
/// <param name="BySeed">The value of each seed, in order.</param>
sealed record SeededEstimate(double Value, Interval? Interval, IReadOnlyList<double> BySeed);

/// <summary>
/// The figures of an ablation's answers. Two things vary: what a seed brings, and which pictures are asked about. The variance of a mean over n seeds is
/// s^2 / n, of the seeds' own values on the same pictures, and that of the mean when the conversations are drawn again (<see cref="Bootstrap"/>); the
/// interval is Student's t with the degrees of freedom of the sum (Welch 1938, Satterthwaite 1946). Everything is paired: a contrast is taken
/// within a seed and within a draw, so that what members share cancels out.
/// </summary>
sealed class AblationFigures
{
    const int Asked = 0, Tokens = 1, Shared = 2, Right = 0, Same = 1, Kl = 2, Own = 3;
    const double Above = 0.975;
    // What rounding leaves of equal values, as a share of them.
    const double Rounding = 1e-12;

    readonly Ablation _ablation;
    readonly Bootstrap _bootstrap;
    readonly Dictionary<string, int> _models = new(StringComparer.Ordinal);

    /// <param name="ablation">What was run.</param>
    /// <param name="answers">Answers by their place in the run's folder; null where there are none.</param>
    /// <param name="resamples">How often the conversations are drawn again.</param>
    /// <exception cref="InputException">There are no answers, or two models answered different questions.</exception>
    public AblationFigures(Ablation ablation, Func<string, AnswerTable?> answers, int resamples = 2000)
    {
        _ablation = ablation;
        var tables = new List<AnswerTable>();
        foreach (var path in Places(ablation))
        {
            if (_models.ContainsKey(path) || answers(path) is not { } table) continue;
            if (tables.Count > 0 && !AskedTheSame(table, tables[0])) throw new InputException($"{path}: holds answers to other questions than {_models.First().Key}.");
            _models.Add(path, tables.Count);
            tables.Add(table);
        }
        if (tables.Count == 0) throw new InputException("no model has answered yet; there is nothing to report.");
        Kinds = [.. tables[0].Kinds.Select(kind => (kind.Kind, kind.Chance))];
        Conversations = tables[0].Kinds[0].Asked.Length;
        Questions = tables[0].Kinds.Sum(kind => kind.Asked.Sum());
        _bootstrap = new([.. Enumerable.Range(0, Conversations).Select(item => Sums(tables, item))], resamples);
    }

    /// <summary>The kinds of question, with what guessing gives.</summary>
    public IReadOnlyList<(string Kind, double Chance)> Kinds { get; }

    /// <summary>Test conversations.</summary>
    public int Conversations { get; }

    /// <summary>Questions of all kinds.</summary>
    public int Questions { get; }

    static IEnumerable<string> Places(Ablation ablation) =>
    [
        Ablation.TeacherAnswers,
        .. from seed in ablation.AllSeeds
           from recipe in ablation.Families.SelectMany(family => family.Members).Select(member => member.Recipe).Prepend(ablation.LinearRecipe)
           select ablation.AnswersOf(recipe, seed),
    ];

    static bool AskedTheSame(AnswerTable one, AnswerTable other) => one.Kinds.Count == other.Kinds.Count
        && one.Kinds.Zip(other.Kinds).All(pair => pair.First.Kind == pair.Second.Kind && pair.First.Asked.SequenceEqual(pair.Second.Asked) && pair.First.Tokens.SequenceEqual(pair.Second.Tokens));

    double[] Sums(List<AnswerTable> tables, int item)
    {
        var sums = new double[Kinds.Count * (Shared + Own * tables.Count)];
        for (var kind = 0; kind < Kinds.Count; kind++)
        {
            sums[kind * Shared + Asked] = tables[0].Kinds[kind].Asked[item];
            sums[kind * Shared + Tokens] = tables[0].Kinds[kind].Tokens[item];
            for (var model = 0; model < tables.Count; model++)
            {
                var (answers, at) = (tables[model].Kinds[kind], At(model, kind));
                sums[at + Right] = answers.Right[item];
                sums[at + Same] = answers.Same[item];
                sums[at + Kl] = answers.Kl[item];
            }
        }
        return sums;
    }

    int At(int model, int kind) => Kinds.Count * Shared + (model * Kinds.Count + kind) * Own;

    /// <summary>A figure of the teacher over some kinds; null where it was not asked.</summary>
    public SeededEstimate? OfTeacher(AblationFigure figure, Func<string, bool>? kinds = null)
    {
        if (figure == AblationFigure.KlClosed || !_models.TryGetValue(Ablation.TeacherAnswers, out var teacher)) return null;
        var (value, interval) = _bootstrap.Of(Statistic(figure, teacher, null, Indices(kinds))!);
        return new(value, interval is { } drawn && drawn.High - drawn.Low > Rounding * Math.Max(1, Math.Abs(value)) ? drawn : null, []);
    }

    /// <summary>A figure of a member over some kinds, over the seeds that it has answers of; null where there are none.</summary>
    public SeededEstimate? OfMember(AblationMember member, AblationFigure figure, Func<string, bool>? kinds = null) =>
        Over([.. _ablation.AllSeeds.Select(seed => Of(member, seed, figure, Indices(kinds))).OfType<Func<double[], double>>()]);

    /// <summary>How many seeds all members of a contrast have answers of.</summary>
    public int SeedsOf(AblationFamily family, Contrast contrast) => _ablation.AllSeeds.Count(seed => contrast.Members.All(name => Has(MemberOf(family, name), seed)));

    /// <summary>A contrast of a figure, over the seeds that all of its members have answers of; null where there are none.</summary>
    public SeededEstimate? Of(AblationFamily family, Contrast contrast, AblationFigure figure)
    {
        var estimate = Over([.. _ablation.AllSeeds.Select(seed => Of(family, contrast, figure, seed)).OfType<Func<double[], double>>()]);
        // What one seed brings may be the seed's alone: its pictures say nothing about that.
        return estimate is { BySeed.Count: 1 } ? estimate with { Interval = null } : estimate;
    }

    /// <summary>Whether there are kinds of recall and of recognition among the questions.</summary>
    public bool HasBothGroups => Indices(QuestionKinds.IsRecall).Length > 0 && Indices(QuestionKinds.IsRecognition).Length > 0;

    Func<double[], double>? Of(AblationFamily family, Contrast contrast, AblationFigure figure, ulong seed)
    {
        var gained = Weighted(QuestionKinds.IsRecall);
        if (!contrast.Gain) return Weighted(null);
        return HasBothGroups && gained is { } recall && Weighted(QuestionKinds.IsRecognition) is { } recognition ? sums => recall(sums) - recognition(sums) : null;

        Func<double[], double>? Weighted(Func<string, bool>? kinds)
        {
            var parts = contrast.Terms.SelectMany(term => term).Select(member => (member.Weight, Of: Of(MemberOf(family, member.Member), seed, figure, Indices(kinds)))).ToArray();
            return parts.Any(part => part.Of is null) ? null : sums => parts.Sum(part => part.Weight * part.Of!(sums)) / contrast.Terms.Count;
        }
    }

    static AblationMember MemberOf(AblationFamily family, string name) => family.Members.First(member => member.Name == name);

    int[] Indices(Func<string, bool>? kinds) => [.. Enumerable.Range(0, Kinds.Count).Where(kind => kinds?.Invoke(Kinds[kind].Kind) ?? true)];

    bool Has(AblationMember member, ulong seed) => _models.ContainsKey(_ablation.AnswersOf(member.Recipe, seed));

    Func<double[], double>? Of(AblationMember member, ulong seed, AblationFigure figure, int[] kinds) =>
        _models.TryGetValue(_ablation.AnswersOf(member.Recipe, seed), out var model)
            ? Statistic(figure, model, _models.TryGetValue(_ablation.AnswersOf(_ablation.LinearRecipe, seed), out var linear) ? linear : null, kinds)
            : null;

    Func<double[], double>? Statistic(AblationFigure figure, int model, int? linear, int[] kinds)
    {
        return figure switch
        {
            AblationFigure.Accuracy => sums => kinds.Average(kind => sums[At(model, kind) + Right] / sums[kind * Shared + Asked]),
            AblationFigure.Agreement => Ratio(model, Same),
            AblationFigure.Kl => Ratio(model, Kl),
            _ when linear is { } begin => Closed(Ratio(model, Kl), Ratio(begin, Kl)),
            _ => null,
        };

        Func<double[], double> Ratio(int of, int part) => sums =>
        {
            var (above, below) = (0.0, 0.0);
            foreach (var kind in kinds)
            {
                above += sums[At(of, kind) + part];
                below += sums[kind * Shared + Tokens];
            }
            return above / below;
        };

        static Func<double[], double> Closed(Func<double[], double> own, Func<double[], double> before) => sums => 1 - own(sums) / before(sums);
    }

    SeededEstimate? Over(IReadOnlyList<Func<double[], double>> seeds)
    {
        if (seeds.Count == 0) return null;
        double[] values = [.. seeds.Select(seed => _bootstrap.Of(seed).Value)];
        var (mean, drawn) = (values.Average(), _bootstrap.Deviation(sums => seeds.Average(seed => seed(sums))));
        return new(mean, drawn is { } deviation ? Interval(mean, values, deviation * deviation, Conversations) : null, values);
    }

    /// <summary>The interval of a mean over seeds.</summary>
    /// <param name="mean">The mean.</param>
    /// <param name="seeds">The seeds' values.</param>
    /// <param name="pictures">Variance of the mean when the conversations are drawn again.</param>
    /// <param name="conversations">How many there are.</param>
    /// <returns>Null where neither varies: so little says nothing of how much might.</returns>
    internal static Interval? Interval(double mean, IReadOnlyList<double> seeds, double pictures, int conversations)
    {
        var between = seeds.Count == 1 ? 0 : seeds.Sum(value => (value - mean) * (value - mean)) / (seeds.Count - 1) / seeds.Count;
        var variance = between + pictures;
        if (Math.Sqrt(variance) <= Rounding * Math.Max(1, Math.Abs(mean))) return null;
        var freedom = variance * variance / ((seeds.Count == 1 ? 0 : between * between / (seeds.Count - 1)) + pictures * pictures / (conversations - 1));
        var half = StudentT.Quantile(Above, freedom) * Math.Sqrt(variance);
        return new Interval(mean - half, mean + half);
    }
}
