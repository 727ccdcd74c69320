namespace MmMamba.Runtime.Generation;

/// <summary>How an answer is written.</summary>
public sealed record GenerationOptions
{
    readonly int _maxTokens = 256;
    readonly int? _prefillChunk;

    /// <summary>Most tokens of an answer.</summary>
    /// <exception cref="InputException">Less than 1.</exception>
    public int MaxTokens
    {
        get => _maxTokens;
        init => _maxTokens = value >= 1 ? value : throw new InputException($"an answer of {value} tokens is asked for; expected at least 1");
    }

    /// <summary>How a token is picked.</summary>
    public Sampling Sampling { get; init; } = Sampling.Greedy;

    /// <summary>Texts that end an answer, and are no part of it.</summary>
    public IReadOnlyList<string> StopTexts { get; init; } = [];

    /// <summary>Most tokens of a prompt that are read in one pass: bounds memory, and the result only as <see cref="Sequences.Read"/> says. Null is what suits the device (<see cref="Sequences.Read"/>).</summary>
    /// <exception cref="InputException">Less than 1.</exception>
    public int? PrefillChunk
    {
        get => _prefillChunk;
        init => _prefillChunk = value is null or >= 1 ? value : throw new InputException($"a prompt is to be read in chunks of {value} tokens; expected at least 1");
    }
}

/// <summary>Why an answer ended.</summary>
public enum FinishReason
{
    /// <summary>The model, or a stop text, ended it.</summary>
    Stop,
    /// <summary>It reached its most tokens, or the end of the room.</summary>
    Length,
}
