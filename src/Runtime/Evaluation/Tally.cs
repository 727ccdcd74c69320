using System.Globalization;

namespace MmMamba.Runtime.Evaluation;

/// <summary>Counts answered turns by kind.</summary>
/// <param name="samplesPerKind">Turns of each kind that are kept as they are.</param>
sealed class Tally(int samplesPerKind)
{
    sealed class Kind
    {
        public long Right, Total;
        public readonly Dictionary<string, long> Answers = new(StringComparer.Ordinal);
        public readonly List<Prediction> Samples = [];
    }

    readonly SortedDictionary<string, Kind> _kinds = new(StringComparer.Ordinal);

    public void Add(Prediction prediction)
    {
        if (!_kinds.TryGetValue(prediction.Kind, out var kind)) _kinds[prediction.Kind] = kind = new Kind();
        kind.Total++;
        if (prediction.Right) kind.Right++;
        var answer = string.Join(',', prediction.Expected.Select(id => id.ToString(CultureInfo.InvariantCulture)));
        kind.Answers[answer] = kind.Answers.GetValueOrDefault(answer) + 1;
        if (kind.Samples.Count < samplesPerKind) kind.Samples.Add(prediction);
    }

    public EvaluationResult Result() => new(
        [.. _kinds.Select(entry => new KindResult(
            entry.Key,
            new Proportion(entry.Value.Right, entry.Value.Total),
            (double)entry.Value.Answers.Values.Max() / entry.Value.Total,
            entry.Value.Answers.Count))],
        [.. _kinds.Values.SelectMany(kind => kind.Samples)]);
}
