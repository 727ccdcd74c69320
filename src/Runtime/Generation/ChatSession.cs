using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Text;
using MmMamba.Runtime.Vision;
using TorchSharp;

namespace MmMamba.Runtime.Generation;

/// <summary>An answer.</summary>
/// <param name="Text">What the model wrote, up to a stop text.</param>
/// <param name="Finish">Why it ended.</param>
/// <param name="PromptTokens">Tokens that were read for it: the question's, and what stood unread before.</param>
/// <param name="KnownTokens">Tokens of the conversation that were known already and not read again.</param>
/// <param name="AnswerTokens">Tokens that were written, the one that ends the answer counted.</param>
public sealed record ChatAnswer(string Text, FinishReason Finish, int PromptTokens, int KnownTokens, int AnswerTokens);

/// <summary>
/// A conversation with a model. Each question is read behind what the model remembers, so that no turn is computed twice. A question that fails or is
/// cancelled leaves the conversation as it was. Members are called by one thread at a time.
/// </summary>
public sealed class ChatSession : IDisposable
{
    readonly VisionLanguageModel _model;
    readonly ConversationEncoder _encoder;
    readonly Sequences _sequences;
    readonly List<ChatTurn> _history = [];
    readonly Unread _unread = new();

    /// <param name="model">Answers; stays the caller's.</param>
    /// <param name="tokenizer">The tokenizer that belongs to it.</param>
    /// <param name="maxTokens">Tokens of the whole conversation. Attention layers take memory for all of them at once, Mamba-2 layers none.</param>
    /// <param name="system">The system message; null is the plan's, empty leaves it out.</param>
    /// <exception cref="InputException">The tokenizer is another model's, or less than 1 token is asked for.</exception>
    public ChatSession(VisionLanguageModel model, ChatTokenizer tokenizer, int maxTokens = 8192, string? system = null)
    {
        var plan = system is null ? model.Plan : model.Plan with { Tokens = model.Plan.Tokens with { System = system } };
        (_model, _encoder, System) = (model, new(plan, tokenizer), plan.Tokens.System);
        _sequences = new(model, 1, maxTokens);
    }

    /// <summary>The model.</summary>
    public VisionLanguageModel Model => _model;

    /// <summary>The turns so far.</summary>
    public IReadOnlyList<ChatTurn> History => _history;

    /// <summary>Tokens that the model has read.</summary>
    public long Length => _sequences.Cache.Length;

    /// <summary>Bytes of what the model remembers: for a linear model the same at any length.</summary>
    public long StateBytes => _sequences.Cache.Bytes;

    /// <summary>How single tokens are read: see <see cref="Sequences.DecodePath"/>.</summary>
    public string? DecodePath => _sequences.DecodePath;

    internal string? System { get; }
    internal Sequences Sequences => _sequences;
    internal IReadOnlyList<int> UnreadIds => _unread.Ids;

    /// <summary>Asks a question.</summary>
    /// <param name="question">The text; <c>&lt;image&gt;</c> stands for the next picture. A single picture without one stands in front.</param>
    /// <param name="images">The question's pictures.</param>
    /// <param name="options">How to answer; null is greedy.</param>
    /// <param name="onText">Given the answer's text piece by piece, on this thread.</param>
    /// <param name="cancellation">Stops, also while the question is read; the conversation is then as before.</param>
    /// <exception cref="InputException">More or fewer placeholders than pictures, or no room for the question.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public ChatAnswer Ask(
        string question, IReadOnlyList<RgbImage>? images = null, GenerationOptions? options = null,
        Action<string>? onText = null, CancellationToken cancellation = default) =>
        Ask(ChatTemplate.Parts(question, images?.Count ?? 0), images ?? [], options, onText, cancellation);

    /// <summary>Asks a question whose n pictures stand between n + 1 parts of text.</summary>
    /// <inheritdoc cref="Ask(string, IReadOnlyList{RgbImage}?, GenerationOptions?, Action{string}?, CancellationToken)"/>
    public ChatAnswer Ask(
        IReadOnlyList<string> parts, IReadOnlyList<RgbImage> images, GenerationOptions? options = null,
        Action<string>? onText = null, CancellationToken cancellation = default)
    {
        options ??= new();
        var tokenizer = _encoder.Tokenizer;
        var prompt = _unread.Then(_encoder.EncodeTurn(parts, images, opens: _history.Count == 0));
        var known = (int)Length;
        var text = new TextStream(tokenizer, options.StopTexts, onText);
        using var before = _sequences.Mark();
        Continuation written;
        try
        {
            written = TokenGenerator.Run(_sequences, [prompt], tokenizer.StopTokens, options, (_, id) => text.Add(id), cancellation)[0];
            text.End();
        }
        catch
        {
            before.Return();
            throw;
        }
        // The last token was picked and not read. Whatever ended the answer, its turn is closed before the next question.
        _unread.Clear();
        _unread.Add(tokenizer.StopTokens.Contains(written.Ids[^1]) ? [tokenizer.EndOfTurn] : [written.Ids[^1], tokenizer.EndOfTurn]);
        _history.Add(new(string.Join(ChatTemplate.Placeholder, parts), text.Text));
        return new(text.Text, written.Finish, prompt.Ids.Count, known, written.Ids.Count);
    }

    /// <summary>Puts a turn into the conversation whose answer is given. It is read with the next question.</summary>
    /// <param name="parts">The question's text around its pictures: n pictures stand between n + 1 parts.</param>
    /// <param name="images">The question's pictures.</param>
    /// <param name="answer">The answer.</param>
    public void Tell(IReadOnlyList<string> parts, IReadOnlyList<RgbImage> images, string answer)
    {
        _unread.Add(_encoder.EncodeTurn(parts, images, opens: _history.Count == 0));
        _unread.Add([.. _encoder.Tokenizer.EncodeContinuation(answer), _encoder.Tokenizer.EndOfTurn]);
        _history.Add(new(string.Join(ChatTemplate.Placeholder, parts), answer));
    }

    /// <summary>Writes what the model remembers, with the turns, to go on with later: <see cref="Resume"/>. The file is written whole or not at all.</summary>
    /// <exception cref="InputException">The file cannot be written, or a turn with pictures hasn't been read yet.</exception>
    public void Save(string path)
    {
        if (_unread.Tiles > 0) throw new InputException($"{path}: the conversation has pictures that were not read yet. Ask a question first.");
        ChatFile.Write(path, this);
    }

    /// <summary>A conversation as it was saved.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model that it was held with.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="maxTokens">Tokens of the whole conversation, those in the file counted.</param>
    /// <exception cref="InputException">The file cannot be read, was changed since it was saved, or is of another model, other weights or another type.</exception>
    public static ChatSession Resume(string path, VisionLanguageModel model, ChatTokenizer tokenizer, int maxTokens = 8192) =>
        ChatFile.Read(path, model, tokenizer, maxTokens);

    internal void Fill(IReadOnlyList<int> ids, IReadOnlyList<int> unread, IEnumerable<ChatTurn> history, Func<int, StoredTensors> stored)
    {
        _sequences.Fill(ids, stored);
        _unread.Add(unread);
        _history.AddRange(history);
    }

    /// <summary>Frees what the model remembers.</summary>
    public void Dispose() => _sequences.Dispose();

    // What stands behind what the model has read.
    sealed class Unread
    {
        readonly List<int> _ids = [];
        readonly List<float> _pixels = [];

        public IReadOnlyList<int> Ids => _ids;

        public int Tiles { get; private set; }

        public void Add(IEnumerable<int> ids) => _ids.AddRange(ids);

        public void Add(Prompt prompt)
        {
            _ids.AddRange(prompt.Ids);
            _pixels.AddRange(prompt.Pixels);
            Tiles += prompt.Tiles;
        }

        public Prompt Then(Prompt prompt) => new([.. _ids, .. prompt.Ids], [.. _pixels, .. prompt.Pixels], Tiles + prompt.Tiles);

        public void Clear()
        {
            _ids.Clear();
            _pixels.Clear();
            Tiles = 0;
        }
    }
}
