namespace MmMamba.Runtime.Text;

/// <summary>
/// The special tokens and where they sit: three at the start of the vocabulary, as SentencePiece has them, and eleven at its end,
/// in the order of the published models. The last nine are no pieces of the SentencePiece model; they are added behind it.
/// </summary>
public static class SpecialTokens
{
    /// <summary>Id of <c>&lt;unk&gt;</c>; also fills the end of shorter rows of a batch.</summary>
    public const int Unknown = 0;

    /// <summary>Id of <c>&lt;s&gt;</c>, which opens every conversation.</summary>
    public const int BeginOfText = 1;

    /// <summary>Id of <c>&lt;/s&gt;</c>.</summary>
    public const int EndOfText = 2;

    /// <summary>Names at the end of the vocabulary, the last id last.</summary>
    public static IReadOnlyList<string> AtTheEnd { get; } =
    [
        "<|im_end|>", "<|im_start|>",
        "<img>", "</img>", "<IMG_CONTEXT>", "<quad>", "</quad>", "<ref>", "</ref>", "<box>", "</box>",
    ];

    /// <summary>How many of <see cref="AtTheEnd"/> the SentencePiece model doesn't hold.</summary>
    public const int Added = 9;

    /// <summary>The id of a name of <see cref="AtTheEnd"/> in a vocabulary of <paramref name="vocabulary"/> ids.</summary>
    internal static int Id(string name, int vocabulary)
    {
        for (var i = 0; i < AtTheEnd.Count; i++)
            if (AtTheEnd[i] == name)
                return vocabulary - AtTheEnd.Count + i;
        throw new ArgumentException($"{name} is no special token.", nameof(name));
    }
}
