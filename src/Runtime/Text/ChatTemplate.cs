using System.Globalization;

namespace MmMamba.Runtime.Text;

/// <summary>A question and its answer.</summary>
/// <param name="Question">What the user says; <c>&lt;image&gt;</c> stands for the next picture.</param>
/// <param name="Answer">What the assistant says.</param>
public readonly record struct ChatTurn(string Question, string Answer);

/// <param name="Start">Index of the first token.</param>
/// <param name="Length">Number of tokens.</param>
public readonly record struct TokenSpan(int Start, int Length)
{
    /// <summary>Index behind the last token.</summary>
    public int End => Start + Length;
}

/// <summary>A conversation as ids.</summary>
/// <param name="Ids">All ids, <c>&lt;s&gt;</c> first.</param>
/// <param name="Answers">Each turn's answer with the <c>&lt;|im_end|&gt;</c> behind it, in order.</param>
public sealed record ChatTokens(int[] Ids, IReadOnlyList<TokenSpan> Answers);

/// <summary>
/// The template <c>internlm2_chat</c>: conversations and prompts to ids. There is no newline behind <c>&lt;|im_end|&gt;</c>:
/// <code>
/// &lt;s&gt;&lt;|im_start|&gt;system\n{system}&lt;|im_end|&gt;&lt;|im_start|&gt;user\n{question}&lt;|im_end|&gt;&lt;|im_start|&gt;assistant\n{answer}&lt;|im_end|&gt;
/// </code>
/// A picture is <c>&lt;img&gt;</c>, its image tokens and <c>&lt;/img&gt;</c>. Special tokens are put in by id, so that nothing that a
/// question or an answer spells can become one.
/// </summary>
/// <remarks>
/// What lies between two special tokens is encoded as one run, the role and its newline together with the text behind it. An answer is
/// the exception: it is encoded on its own, so that training sees the very ids that generation goes on from.
/// </remarks>
public sealed class ChatTemplate
{
    /// <summary>The name of this template in specs.</summary>
    public const string Name = "internlm2_chat";

    /// <summary>What stands for a picture in a question.</summary>
    public const string Placeholder = "<image>";

    /// <summary>The system message of the published models.</summary>
    public const string PublishedSystem =
        "你是由上海人工智能实验室联合商汤科技开发的书生多模态大模型，英文名叫InternVL, 是一个有用无害的人工智能助手。";

    readonly ChatTokenizer _tokenizer;
    readonly int _tokensPerTile;
    readonly int[] _opening;
    readonly int[] _assistant;

    /// <param name="tokenizer">Encodes the text.</param>
    /// <param name="tokensPerTile">Image tokens that one tile becomes.</param>
    /// <param name="system">The system message: null for <see cref="PublishedSystem"/>, empty for none.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="tokensPerTile"/> is not positive.</exception>
    public ChatTemplate(ChatTokenizer tokenizer, int tokensPerTile, string? system = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tokensPerTile);
        _tokenizer = tokenizer;
        _tokensPerTile = tokensPerTile;
        system ??= PublishedSystem;
        _opening = system.Length == 0
            ? [tokenizer.BeginOfText]
            : [tokenizer.BeginOfText, tokenizer.StartOfTurn, .. tokenizer.Encode("system\n" + system), tokenizer.EndOfTurn];
        _assistant = [tokenizer.StartOfTurn, .. tokenizer.Encode("assistant\n")];
    }

    /// <summary>The ids of a whole conversation and where its answers are.</summary>
    /// <param name="turns">Questions and answers, at least one.</param>
    /// <param name="tilesPerImage">Tiles of each picture, thumbnail included, in the order of the placeholders.</param>
    /// <param name="where">What to call the conversation in an error, such as <c>train.jsonl:17</c>.</param>
    /// <exception cref="InputException">More or fewer placeholders than pictures.</exception>
    public ChatTokens Encode(IReadOnlyList<ChatTurn> turns, IReadOnlyList<int> tilesPerImage, string where = "conversation")
    {
        var ids = new List<int>(_opening);
        var answers = new TokenSpan[turns.Count];
        var pictures = new Pictures(Questions(turns.Select(turn => turn.Question), tilesPerImage, where), tilesPerImage);
        for (var turn = 0; turn < turns.Count; turn++)
        {
            AppendQuestion(turn, pictures, ids);
            var start = ids.Count;
            ids.AddRange(_tokenizer.EncodeContinuation(turns[turn].Answer));
            ids.Add(_tokenizer.EndOfTurn);
            answers[turn] = new TokenSpan(start, ids.Count - start);
        }
        return new ChatTokens([.. ids], answers);
    }

    /// <summary>The ids after which the model writes the answer to <paramref name="question"/>.</summary>
    /// <param name="question">What the user says now.</param>
    /// <param name="tilesPerImage">Tiles of each picture of the whole conversation, in the order of the placeholders.</param>
    /// <param name="history">The turns so far.</param>
    /// <param name="where">What to call the conversation in an error.</param>
    /// <exception cref="InputException">More or fewer placeholders than pictures.</exception>
    public int[] Prompt(string question, IReadOnlyList<int> tilesPerImage, IReadOnlyList<ChatTurn>? history = null, string where = "conversation")
    {
        history ??= [];
        var ids = new List<int>(_opening);
        var pictures = new Pictures(Questions(history.Select(turn => turn.Question).Append(question), tilesPerImage, where), tilesPerImage);
        for (var turn = 0; turn <= history.Count; turn++)
        {
            AppendQuestion(turn, pictures, ids);
            if (turn == history.Count)
                break;
            ids.AddRange(_tokenizer.EncodeContinuation(history[turn].Answer));
            ids.Add(_tokenizer.EndOfTurn);
        }
        return [.. ids];
    }

    /// <summary>The ids of one more question, after which the model writes its answer. They go behind an answer and its <c>&lt;|im_end|&gt;</c>.</summary>
    /// <param name="parts">The question's text around its pictures: n pictures stand between n + 1 parts.</param>
    /// <param name="tilesPerImage">Tiles of each of the n pictures.</param>
    /// <param name="opens">Whether the conversation begins with it, the system message before it.</param>
    /// <exception cref="ArgumentException">There isn't one part more than pictures.</exception>
    public int[] Turn(IReadOnlyList<string> parts, IReadOnlyList<int> tilesPerImage, bool opens)
    {
        if (parts.Count != tilesPerImage.Count + 1)
            throw new ArgumentException($"{tilesPerImage.Count} pictures stand between {tilesPerImage.Count + 1} parts of text; there are {parts.Count}.", nameof(parts));
        var ids = new List<int>(opens ? _opening : []);
        AppendQuestion(0, new Pictures([[.. parts]], tilesPerImage), ids);
        return [.. ids];
    }

    /// <summary>A question cut at its placeholders, for <see cref="Turn"/>; a single picture without one stands in front.</summary>
    /// <exception cref="InputException">More or fewer placeholders than pictures.</exception>
    public static IReadOnlyList<string> Parts(string question, int pictures, string where = "question") =>
        Questions([question], new int[pictures], where)[0];

    // The questions, cut at their placeholders: n placeholders make n + 1 parts.
    static string[][] Questions(IEnumerable<string> questions, IReadOnlyList<int> tilesPerImage, string where)
    {
        var parts = questions.Select(question => question.Split(Placeholder)).ToArray();
        if (parts.Length == 0)
            throw new InputException($"{where}: has no turn; give at least one question");
        var placeholders = parts.Sum(part => part.Length - 1);
        if (placeholders == 0 && tilesPerImage.Count == 1)
        {
            parts[0] = ["", "\n" + parts[0][0]];
            placeholders = 1;
        }
        if (placeholders != tilesPerImage.Count)
            throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"{where}: {placeholders} {Placeholder} for {tilesPerImage.Count} image{(tilesPerImage.Count == 1 ? "" : "s")}; write one {Placeholder} for each image"));
        return parts;
    }

    void AppendQuestion(int turn, Pictures pictures, List<int> ids)
    {
        ids.Add(_tokenizer.StartOfTurn);
        var parts = pictures.Questions[turn];
        ids.AddRange(_tokenizer.Encode("user\n" + parts[0]));
        foreach (var part in parts.Skip(1))
        {
            ids.Add(_tokenizer.ImageStart);
            ids.AddRange(Enumerable.Repeat(_tokenizer.Image, _tokensPerTile * pictures.NextTiles()));
            ids.Add(_tokenizer.ImageEnd);
            ids.AddRange(_tokenizer.Encode(part));
        }
        ids.Add(_tokenizer.EndOfTurn);
        ids.AddRange(_assistant);
    }

    // The cut questions, and the pictures not yet used, left to right.
    sealed class Pictures(string[][] questions, IReadOnlyList<int> tilesPerImage)
    {
        int _next;

        public string[][] Questions => questions;

        public int NextTiles() => tilesPerImage[_next++];
    }
}
