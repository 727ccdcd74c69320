namespace MmMamba.Runtime.Data;

/// <summary>How much of a set may be impossible to read before that is a mistake and no accident.</summary>
public static class Unreadable
{
    const int Most = 100;

    /// <summary>One in a hundred, at most 100; of fewer than a hundred none.</summary>
    /// <param name="count">Conversations or pictures of the set.</param>
    public static int Tolerated(long count) => (int)Math.Min(Most, count / 100);

    /// <summary>The refusal of a set with more.</summary>
    internal static InputException TooMany(string where, IReadOnlyList<string> wrong, int tolerated) => new(
        $"{where}: more than {tolerated} cannot be read: {string.Join("; ", wrong.Select(text => text.ReplaceLineEndings(" ")))}");
}
