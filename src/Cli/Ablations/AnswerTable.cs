using System.Globalization;
using System.Text.Json;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Evaluation;

namespace MmMamba.Cli.Ablations;

/// <summary>What a model answered to the questions of a kind, summed by conversation: all that figures and their intervals are made from.</summary>
/// <param name="Kind">The kind of question.</param>
/// <param name="Chance">What guessing gives, 0 to 1.</param>
/// <param name="Asked">Questions of the kind in each conversation, in order.</param>
/// <param name="Right">How many of them were answered right.</param>
/// <param name="Tokens">Tokens of the true answers.</param>
/// <param name="Same">Tokens at which model and teacher find the same one most likely.</param>
/// <param name="Kl">KL(teacher || model) in nats, summed over the answers' tokens.</param>
sealed record KindAnswers(string Kind, double Chance, int[] Asked, int[] Right, int[] Tokens, int[] Same, double[] Kl);

/// <summary>A model's answers, as a file of a line a kind of question that is small enough to be kept with a report.</summary>
/// <param name="Kinds">The kinds in alphabetical order.</param>
sealed record AnswerTable(IReadOnlyList<KindAnswers> Kinds)
{
    static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Sums answers that were given beside a teacher.</summary>
    /// <exception cref="InputException">There are none.</exception>
    public static AnswerTable Of(IReadOnlyList<Prediction> answers)
    {
        var conversations = answers.Count == 0 ? 0 : answers.Max(answer => answer.Item) + 1;
        var kinds = EvaluationResult.Of(answers, samplesPerKind: 0).Kinds.ToDictionary(
            kind => kind.Kind, kind => new KindAnswers(kind.Kind, kind.Chance, new int[conversations], new int[conversations], new int[conversations], new int[conversations], new double[conversations]));
        foreach (var answer in answers)
        {
            var (kind, item, match) = (kinds[answer.Kind], answer.Item, answer.Teacher!.Value);
            kind.Asked[item]++;
            kind.Right[item] += answer.Right ? 1 : 0;
            kind.Tokens[item] += answer.Expected.Length;
            kind.Same[item] += match.SameTokens;
            kind.Kl[item] += match.Kl;
        }
        return new([.. kinds.Values.Select(kind => kind with { Kl = [.. kind.Kl.Select(Short)] }).OrderBy(kind => kind.Kind, StringComparer.Ordinal)]);
    }

    // Six digits are more than the answers of so many pictures settle.
    static double Short(double value) => double.Parse(value.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>Writes the file, whole or not at all.</summary>
    public void Write(string path) => AtomicFile.Write(path, stream =>
    {
        foreach (var kind in Kinds)
        {
            JsonSerializer.Serialize(stream, kind, Json);
            stream.WriteByte((byte)'\n');
        }
    });

    /// <summary>Reads what <see cref="Write"/> wrote; null where there is no such file.</summary>
    /// <exception cref="InputException">It holds something else.</exception>
    public static AnswerTable? Read(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            KindAnswers[] kinds = [.. File.ReadLines(path).Select(line => JsonSerializer.Deserialize<KindAnswers>(line, Json)!)];
            if (kinds.Length > 0 && kinds.All(kind => kind is { Kind: not null, Asked.Length: > 0 }
                && ((int[]?[])[kind.Asked, kind.Right, kind.Tokens, kind.Same]).All(row => row?.Length == kinds[0].Asked.Length) && kind.Kl?.Length == kinds[0].Asked.Length
                && kind.Asked.Any(asked => asked > 0) && Parts(kind.Right, kind.Asked) && Parts(kind.Same, kind.Tokens))
                && kinds.DistinctBy(kind => kind.Kind).Count() == kinds.Length)
                return new(kinds);
        }
        catch (JsonException)
        {
        }
        throw new InputException($"{path}: holds no answers of a model; remove it, and the model is asked again by --resume.");
    }

    static bool Parts(int[] parts, int[] wholes) => parts.Zip(wholes).All(pair => pair.First >= 0 && pair.First <= pair.Second);
}
