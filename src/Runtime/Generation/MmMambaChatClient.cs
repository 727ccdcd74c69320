using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.AI;
using MmMamba.Runtime.Text;

namespace MmMamba.Runtime.Generation;

/// <summary>
/// A model as <see cref="IChatClient"/>: questions with pictures, streamed answers, usage. Messages that go on from the last conversation are not computed
/// again. All work is done on one thread of the client's own, one question after another; members may be called from any thread.
/// </summary>
/// <remarks>
/// Of <see cref="ChatOptions"/> it knows MaxOutputTokens, Temperature, TopK, TopP, Seed and StopSequences, and <c>repetition_penalty</c> among the
/// additional properties; without them an answer is greedy. Options that it can't keep are refused.
/// </remarks>
public sealed class MmMambaChatClient : IChatClient
{
    /// <summary>Name of the additional property that holds <see cref="Sampling.RepetitionPenalty"/>.</summary>
    public const string RepetitionPenalty = "repetition_penalty";

    readonly VisionLanguageModel _model;
    readonly ChatTokenizer _tokenizer;
    readonly int _maxTokens;
    readonly EngineThread _engine = new("MmMamba chat");
    readonly ChatClientMetadata _metadata;
    ChatSession? _session;
    (string? System, List<string> Identities) _known = (null, []);

    /// <param name="model">Answers; stays the caller's, who uses it no more until the client is disposed.</param>
    /// <param name="tokenizer">The tokenizer that belongs to it.</param>
    /// <param name="maxTokens">Tokens of a whole conversation.</param>
    public MmMambaChatClient(VisionLanguageModel model, ChatTokenizer tokenizer, int maxTokens = 8192)
    {
        (_model, _tokenizer, _maxTokens) = (model, tokenizer, maxTokens);
        _metadata = new("mmmamba", defaultModelId: model.Plan.Name);
    }

    /// <inheritdoc/>
    /// <exception cref="InputException">Messages or options can't be kept.</exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var asked = ChatMessages.Of(messages);
        var generation = GenerationOf(options);
        var answer = await _engine.Do(() => Answer(asked, generation, null, cancellationToken), cancellationToken).ConfigureAwait(false);
        return new(new ChatMessage(ChatRole.Assistant, answer.Text))
        {
            ModelId = _model.Plan.Name,
            FinishReason = FinishOf(answer),
            Usage = UsageOf(answer),
        };
    }

    /// <inheritdoc/>
    /// <exception cref="InputException">Messages or options can't be kept.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var asked = ChatMessages.Of(messages);
        var generation = GenerationOf(options);
        // A reader that goes away in the middle stops the work.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pieces = Channel.CreateUnbounded<string>(new() { SingleReader = true, SingleWriter = true });
        var work = _engine.Do(() => Answer(asked, generation, text => pieces.Writer.TryWrite(text), stop.Token), stop.Token);
        _ = work.ContinueWith(_ => pieces.Writer.Complete(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            await foreach (var text in pieces.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
                yield return new(ChatRole.Assistant, text) { ModelId = _model.Plan.Name };
            var answer = await work.ConfigureAwait(false);
            yield return new(ChatRole.Assistant, [new UsageContent(UsageOf(answer))]) { ModelId = _model.Plan.Name, FinishReason = FinishOf(answer) };
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await work.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null
        : serviceType == typeof(ChatClientMetadata) ? _metadata
        : serviceType.IsInstanceOfType(_model) ? _model
        : serviceType.IsInstanceOfType(this) ? this
        : null;

    /// <summary>Ends the thread behind the question at work, and frees what the model remembers.</summary>
    public void Dispose()
    {
        _engine.Dispose();
        _session?.Dispose();
        _session = null;
    }

    // On the engine's thread.
    ChatAnswer Answer(ChatMessages asked, GenerationOptions options, Action<string>? onText, CancellationToken cancellation)
    {
        var session = GoesOn(asked) ? _session! : Begin(asked);
        var answer = session.Ask(asked.Question.Parts, asked.Question.Images, options, onText, cancellation);
        _known.Identities.Add(asked.Question.Identity);
        return answer;
    }

    bool GoesOn(ChatMessages asked) =>
        _session is not null && _known.System == asked.System && _session.History.Count == asked.Answered.Count
        && asked.Answered.Select(turn => turn.Turn.Identity).SequenceEqual(_known.Identities)
        && asked.Answered.Select(turn => turn.Answer).SequenceEqual(_session.History.Select(turn => turn.Answer));

    ChatSession Begin(ChatMessages asked)
    {
        _session?.Dispose();
        _session = null;
        _session = new(_model, _tokenizer, _maxTokens, asked.System);
        foreach (var (turn, answer) in asked.Answered) _session.Tell(turn.Parts, turn.Images, answer);
        _known = (asked.System, [.. asked.Answered.Select(turn => turn.Turn.Identity)]);
        return _session;
    }

    static GenerationOptions GenerationOf(ChatOptions? options)
    {
        if (options is null) return new();
        if (options.FrequencyPenalty is not (null or 0) || options.PresencePenalty is not (null or 0))
            throw new InputException($"frequency and presence penalties are not known here; give '{RepetitionPenalty}' among the additional properties");
        if (options.Tools is { Count: > 0 }) throw new InputException("tools are not known here; leave them out");
        if (options.ResponseFormat is not (null or ChatResponseFormatText)) throw new InputException("only plain text is written; leave the response format out");
        return new()
        {
            MaxTokens = options.MaxOutputTokens ?? new GenerationOptions().MaxTokens,
            StopTexts = [.. options.StopSequences ?? []],
            Sampling = new()
            {
                Temperature = options.Temperature ?? (options.TopP is null && options.TopK is null ? 0 : 1),
                TopK = options.TopK ?? 0,
                TopP = options.TopP ?? 1,
                RepetitionPenalty = PenaltyOf(options),
                Seed = unchecked((ulong)(options.Seed ?? 0)),
            },
        };
    }

    static double PenaltyOf(ChatOptions options) =>
        options.AdditionalProperties is not { } properties || !properties.ContainsKey(RepetitionPenalty) ? 1
        : properties.TryGetValue(RepetitionPenalty, out double penalty) ? penalty
        : throw new InputException($"the additional property '{RepetitionPenalty}' is no number");

    static ChatFinishReason FinishOf(ChatAnswer answer) => answer.Finish == FinishReason.Stop ? ChatFinishReason.Stop : ChatFinishReason.Length;

    static UsageDetails UsageOf(ChatAnswer answer) => new()
    {
        InputTokenCount = answer.KnownTokens + answer.PromptTokens,
        CachedInputTokenCount = answer.KnownTokens,
        OutputTokenCount = answer.AnswerTokens,
        TotalTokenCount = answer.KnownTokens + answer.PromptTokens + answer.AnswerTokens,
    };
}
