using MmMamba.Runtime.Text;

namespace MmMamba.Runtime.Evaluation;

/// <summary>
/// The figures of models that were asked the same questions, with intervals. An accuracy of a kind has Wilson's interval; every other figure, and every
/// difference, has one from drawing the conversations again (<see cref="Bootstrap"/>). Chance is that of the whole set, and no estimate.
/// </summary>
public sealed class EvaluationFigures
{
    const string NoTeacher = "no teacher was asked", NotAboveChance = "the teacher is not above chance";

    readonly ModelAnswers? _teacher, _linear;
    readonly AnswerSums _sums;
    readonly Bootstrap _bootstrap;

    /// <param name="models">The models.</param>
    /// <param name="tokenizer">Theirs: tells which answers are yes and no.</param>
    /// <param name="teacher">The teacher's answers; null leaves out what needs them.</param>
    /// <param name="linear">Those of the linear model as it is seeded from the teacher; null leaves out what needs them.</param>
    /// <param name="resamples">How often the conversations are drawn again.</param>
    /// <param name="seed">Keys the draws.</param>
    /// <exception cref="InputException">There are no answers.</exception>
    /// <exception cref="ArgumentException">Two models answered different questions.</exception>
    public EvaluationFigures(
        IReadOnlyList<ModelAnswers> models, ChatTokenizer tokenizer, ModelAnswers? teacher = null, ModelAnswers? linear = null, int resamples = 2000, ulong seed = 0)
    {
        (_teacher, _linear) = (teacher, linear);
        IEnumerable<ModelAnswers?> all = [.. models, .. models.Select(model => model.Seeded), teacher, linear];
        _sums = new([.. all.OfType<ModelAnswers>().Distinct(ReferenceEqualityComparer.Instance).Cast<ModelAnswers>()], tokenizer);
        _bootstrap = new(_sums.Conversations(), resamples, seed);
    }

    /// <summary>The kinds of question, with what guessing gives and how the first model does.</summary>
    public IReadOnlyList<KindResult> Kinds => _sums.Kinds;

    /// <summary>All figures of a model: those of each kind, then those of all kinds together.</summary>
    public IEnumerable<EvaluationFigure> Of(ModelAnswers model)
    {
        foreach (var statistic in Statistics(model))
        {
            var (value, interval) = statistic.Of is { } of ? _bootstrap.Of(of) : (double.NaN, null);
            // For a share of independent questions there is a closed form that holds near 0 and 1 as well.
            if (statistic is { Name: FigureNames.Accuracy, Kind: { Length: > 0 } kind } && Accuracy(model, kind) is var share) interval = new(share.Low, share.High);
            yield return double.IsFinite(value)
                ? new(model.Name, statistic.Kind, statistic.Name, value, interval, null)
                : new(model.Name, statistic.Kind, statistic.Name, null, null, statistic.Missing ?? "there is nothing to divide by");
        }
    }

    /// <summary>A model's figures less another's, as far as both have them.</summary>
    public IEnumerable<EvaluationDifference> Differences(ModelAnswers first, ModelAnswers second)
    {
        foreach (var (one, other) in Statistics(first).Zip(Statistics(second)))
        {
            if (one.Of is not { } subtracted || other.Of is not { } from) continue;
            var (value, interval) = _bootstrap.Of(sums => from(sums) - subtracted(sums));
            if (double.IsFinite(value)) yield return new(first.Name, second.Name, one.Kind, one.Name, value, interval);
        }
    }

    // A figure as a function of sums; null where it is missing.
    sealed record Statistic(string Kind, string Name, Func<double[], double>? Of, string? Missing = null);

    // The same list for every model, in the same order.
    IEnumerable<Statistic> Statistics(ModelAnswers model)
    {
        foreach (var kind in _sums.Kinds)
        {
            var right = Right(model, kind);
            yield return new(kind.Kind, FigureNames.Accuracy, right);
            yield return OfTeacher(kind.Kind, right, kind.Chance, teacher => Right(teacher, kind), teacher => Accuracy(teacher, kind.Kind).Value);
            if (_sums.IsYesNo(kind))
            {
                var precision = _sums.Ratio(model, [kind], AnswerSums.TrueYes, AnswerSums.TrueYes, AnswerSums.FalseYes);
                var recall = _sums.Ratio(model, [kind], AnswerSums.TrueYes, AnswerSums.TrueYes, AnswerSums.MissedYes);
                // 2 TP / (2 TP + FP + FN): has a value where the precision has none.
                var f1 = _sums.Ratio(model, [kind], AnswerSums.TrueYes, AnswerSums.TrueYes, AnswerSums.TrueYes, AnswerSums.FalseYes, AnswerSums.MissedYes);
                yield return new(kind.Kind, FigureNames.YesPrecision, precision);
                yield return new(kind.Kind, FigureNames.YesRecall, recall);
                yield return new(kind.Kind, FigureNames.YesF1, sums => 2 * f1(sums));
            }
            foreach (var statistic in ToTeacher(model, kind.Kind, [kind])) yield return statistic;
        }

        var mean = _sums.Mean(model);
        yield return new("", FigureNames.Accuracy, mean);
        yield return OfTeacher("", mean, _sums.Kinds.Average(kind => kind.Chance), _sums.Mean, teacher => _sums.Kinds.Average(kind => Accuracy(teacher, kind.Kind).Value));
        foreach (var statistic in ToTeacher(model, "", _sums.Kinds)) yield return statistic;
    }

    Func<double[], double> Right(ModelAnswers model, KindResult kind) => _sums.Ratio(model, [kind], AnswerSums.Right, AnswerSums.Asked);

    Statistic OfTeacher(string kind, Func<double[], double> own, double chance, Func<ModelAnswers, Func<double[], double>> of, Func<ModelAnswers, double> accuracy)
    {
        if (_teacher is null) return new(kind, FigureNames.OfTeacher, null, NoTeacher);
        if (accuracy(_teacher) <= chance) return new(kind, FigureNames.OfTeacher, null, NotAboveChance);
        var teacher = of(_teacher);
        return new(kind, FigureNames.OfTeacher, sums => teacher(sums) > chance ? (own(sums) - chance) / (teacher(sums) - chance) : double.NaN);
    }

    IEnumerable<Statistic> ToTeacher(ModelAnswers model, string kind, IReadOnlyList<KindResult> kinds)
    {
        yield return Asked(FigureNames.Agreement, () => _sums.Ratio(model, kinds, AnswerSums.Same, AnswerSums.Tokens));
        yield return Asked(FigureNames.Kl, () => Kl(model));
        yield return Closed(FigureNames.KlClosed, _linear, "there is no linear model that is seeded from this teacher");
        yield return Closed(FigureNames.KlClosedOfOwn, model.Seeded, "the model is not one that is seeded from this teacher");

        Func<double[], double> Kl(ModelAnswers of) => _sums.Ratio(of, kinds, AnswerSums.Kl, AnswerSums.Tokens);

        Statistic Asked(string name, Func<Func<double[], double>> of) => _teacher is null ? new(kind, name, null, NoTeacher) : new(kind, name, of());

        Statistic Closed(string name, ModelAnswers? seeded, string none)
        {
            if (_teacher is null || seeded is null) return new(kind, name, null, _teacher is null ? NoTeacher : none);
            var (own, before) = (Kl(model), Kl(seeded));
            return new(kind, name, sums => 1 - own(sums) / before(sums));
        }
    }

    static Proportion Accuracy(ModelAnswers model, string kind) => new(
        model.Answers.LongCount(answer => answer.Kind == kind && answer.Right), model.Answers.LongCount(answer => answer.Kind == kind));
}
