namespace MmMamba.Runtime;

/// <summary>
/// What was given cannot be used: a file, a tensor, a setting. The message is for the person who gave it and says what is wrong,
/// where, what was expected and what to do; the command line prints it as one line.
/// </summary>
public sealed class InputException : Exception
{
    public InputException(string message) : base(message) { }

    public InputException(string message, Exception inner) : base(message, inner) { }

    /// <summary>What was asked for would be refused again at the same place, however often it is tried.</summary>
    public bool Repeats { get; init; }
}
