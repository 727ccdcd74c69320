using MmMamba.Runtime.Text;

namespace MmMamba.Runtime.Evaluation;

/// <summary>
/// What is counted of the answers of several models to the same questions: for each model and kind eight numbers that add up over conversations, and the
/// figures that follow from the sums.
/// </summary>
sealed class AnswerSums
{
    /// <summary>The numbers of a model and a kind.</summary>
    public const int Right = 0, Asked = 1, TrueYes = 2, FalseYes = 3, MissedYes = 4, Same = 5, Tokens = 6, Kl = 7;

    const int Width = 8;
    const string Yes = "yes", No = "no";

    readonly IReadOnlyList<ModelAnswers> _models;
    readonly ChatTokenizer _tokenizer;
    readonly Dictionary<string, int> _places;
    readonly HashSet<string> _yesNo;

    /// <exception cref="InputException">There are no answers.</exception>
    /// <exception cref="ArgumentException">Two models answered different questions.</exception>
    public AnswerSums(IReadOnlyList<ModelAnswers> models, ChatTokenizer tokenizer)
    {
        (_models, _tokenizer) = (models, tokenizer);
        var first = models[0].Answers;
        foreach (var model in models)
            if (!model.Answers.Select(Question).SequenceEqual(first.Select(Question)))
                throw new ArgumentException($"{model.Name} answered other questions than {models[0].Name}.", nameof(models));
        Kinds = EvaluationResult.Of(first, samplesPerKind: 0).Kinds;
        _places = Kinds.Select((kind, i) => (kind.Kind, i)).ToDictionary(place => place.Kind, place => place.i, StringComparer.Ordinal);
        _yesNo = [.. first.GroupBy(answer => answer.Kind).Where(kind => kind.All(answer => Said(answer.Expected) is Yes or No)).Select(kind => kind.Key)];

        static (int, int, string) Question(Prediction answer) => (answer.Item, answer.Turn, answer.Kind);
    }

    /// <summary>The kinds of question.</summary>
    public IReadOnlyList<KindResult> Kinds { get; }

    /// <summary>Whether all true answers of a kind are yes or no.</summary>
    public bool IsYesNo(KindResult kind) => _yesNo.Contains(kind.Kind);

    /// <summary>The numbers of each conversation, whose questions are about the same pictures.</summary>
    public IReadOnlyList<double[]> Conversations()
    {
        var rows = new SortedDictionary<int, double[]>();
        for (var model = 0; model < _models.Count; model++)
            foreach (var answer in _models[model].Answers)
            {
                if (!rows.TryGetValue(answer.Item, out var row)) rows[answer.Item] = row = new double[_models.Count * Kinds.Count * Width];
                Add(row.AsSpan(At(model, answer.Kind), Width), answer);
            }
        return [.. rows.Values];
    }

    /// <summary>A number over others, each summed over kinds.</summary>
    public Func<double[], double> Ratio(ModelAnswers model, IReadOnlyList<KindResult> kinds, int part, params int[] whole)
    {
        int[] places = [.. kinds.Select(kind => At(IndexOf(model), kind.Kind))];
        return sums =>
        {
            var (above, below) = (0.0, 0.0);
            foreach (var place in places)
            {
                above += sums[place + part];
                foreach (var number in whole) below += sums[place + number];
            }
            return above / below;
        };
    }

    /// <summary>Mean of the kinds' accuracies.</summary>
    public Func<double[], double> Mean(ModelAnswers model)
    {
        int[] places = [.. Kinds.Select(kind => At(IndexOf(model), kind.Kind))];
        return sums => places.Average(place => sums[place + Right] / sums[place + Asked]);
    }

    // By reference: two models may have the same name.
    int IndexOf(ModelAnswers model)
    {
        for (var i = 0; i < _models.Count; i++)
            if (ReferenceEquals(_models[i], model)) return i;
        throw new ArgumentException($"{model.Name} is none of the models of these figures.", nameof(model));
    }

    int At(int model, string kind) => (model * Kinds.Count + _places[kind]) * Width;

    void Add(Span<double> numbers, Prediction answer)
    {
        numbers[Asked]++;
        if (answer.Right) numbers[Right]++;
        numbers[Tokens] += answer.Expected.Length;
        numbers[Same] += answer.Teacher?.SameTokens ?? 0;
        numbers[Kl] += answer.Teacher?.Kl ?? 0;
        if (!_yesNo.Contains(answer.Kind)) return;
        // An answer that is neither yes nor no is no yes.
        var isYes = Said(answer.Predicted) == Yes;
        if (Said(answer.Expected) == Yes) numbers[isYes ? TrueYes : MissedYes]++;
        else if (isYes) numbers[FalseYes]++;
    }

    // The last token is the end's place.
    string Said(int[] ids) => _tokenizer.Decode(ids.AsSpan(0, ids.Length - 1)).Trim().ToLowerInvariant();
}
