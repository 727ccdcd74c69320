namespace MmMamba.Runtime.Data;

/// <summary>Where an answer stands among a conversation's tokens. The token at position p is predicted by the logits at p - 1.</summary>
/// <param name="Turn">Index of the turn.</param>
/// <param name="Kind">Kind of its question; empty when the set gives none.</param>
/// <param name="Start">Position of the answer's first token.</param>
/// <param name="Length">Number of its tokens, the end token counted.</param>
public readonly record struct AnswerSpan(int Turn, string Kind, int Start, int Length);

/// <summary>A conversation as a model takes it.</summary>
/// <param name="Ids">All tokens, the image tokens in their places.</param>
/// <param name="Pixels">Normalised pixels of all tiles, (tiles, 3, side, side); empty for text alone.</param>
/// <param name="Tiles">Number of tiles of all pictures.</param>
/// <param name="Answers">The answers, in the order of the turns.</param>
public sealed record EncodedConversation(int[] Ids, float[] Pixels, int Tiles, AnswerSpan[] Answers);
