namespace MmMamba.Cli.Benchmarks;

/// <summary>What is measured of a model that reads and writes.</summary>
enum BenchKind
{
    /// <summary>The time of one more token.</summary>
    Decode,
    /// <summary>The time from a prompt to its first token.</summary>
    Prefill,
    /// <summary>The time of a prompt and its whole answer.</summary>
    Answer,
    /// <summary>The memory of both.</summary>
    Memory,
}

/// <summary>A prompt and what is done with it.</summary>
/// <param name="Kind">What is measured.</param>
/// <param name="Lengths">Tokens of the prompt; each is measured.</param>
/// <param name="Batches">Sequences at once; each number is measured.</param>
/// <param name="Tokens">Tokens that are written behind it.</param>
/// <param name="Repeats">How often a prompt is read, the time before that not counted.</param>
/// <param name="Chunk">Most tokens of a prompt that are read in one pass; 0 is what suits the device.</param>
/// <param name="Profile">Whether the kernels of a decoded token, or of a prompt's last pass, are timed one by one.</param>
sealed record InferenceLoad(BenchKind Kind, IReadOnlyList<int> Lengths, IReadOnlyList<int> Batches, int Tokens, int Repeats, int Chunk, bool Profile = false)
{
    /// <summary>Decoded tokens before the clock counts.</summary>
    public const int WarmUp = 8;

    /// <summary>How long a model decodes before the first length.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(300);

    /// <summary>Tokens in the caches at the end.</summary>
    public int Room(int length) => length + Kind switch
    {
        BenchKind.Decode => WarmUp + Tokens + 1,
        BenchKind.Prefill => 1,
        _ => Tokens,
    };

    /// <summary>What the figures of a length are, in a heading's words.</summary>
    public string What => FormattableString.Invariant(Kind switch
    {
        BenchKind.Decode => $"one more token after each length, {Tokens} times after {WarmUp} that are not counted",
        BenchKind.Prefill => $"a prompt of each length to its first token, {Repeats} times after one that is not counted",
        BenchKind.Answer => $"a prompt of each length and {Tokens} tokens, {Repeats} times after one that is not counted",
        _ => (FormattableString)$"memory above what the process had without the model",
    });
}
