namespace MmMamba.Runtime.Data;

/// <summary>One question with its answer.</summary>
/// <param name="Question">What the user says; holds an <c>&lt;image&gt;</c> for each picture that is shown with it.</param>
/// <param name="Answer">What the assistant says, without an end marker.</param>
/// <param name="Kind">Kind of the question, one of <see cref="QuestionKinds"/> or a set's own word; empty when the set gives none.</param>
public sealed record Turn(string Question, string Answer, string Kind);
