namespace MmMamba.Runtime.Data;

/// <summary>Pictures and the turns about them.</summary>
/// <param name="Id">The conversation's name in its set.</param>
/// <param name="Images">Pictures, in the order of the <c>&lt;image&gt;</c> places of the questions; empty for text alone.</param>
/// <param name="Turns">Questions and answers, the first one first.</param>
public sealed record Conversation(string Id, IReadOnlyList<ImageSource> Images, IReadOnlyList<Turn> Turns)
{
    /// <summary>The place of a picture in a question.</summary>
    public const string ImagePlace = "<image>";
}

/// <summary>Conversations by index. Members may be called from several threads at once.</summary>
public interface IConversationSource
{
    /// <summary>Number of conversations; <see cref="long.MaxValue"/> for a stream without an end.</summary>
    long Count { get; }

    /// <summary>The conversation at an index from 0 to <see cref="Count"/> - 1: the same one at every call.</summary>
    /// <exception cref="InputException">What the source reads is broken there.</exception>
    Conversation Get(long index);
}
