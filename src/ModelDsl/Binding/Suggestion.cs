namespace MmMamba.ModelDsl.Binding;

/// <summary>Finds the word that was probably meant.</summary>
public static class Suggestion
{
    const int Longest = 64;

    /// <summary>The known word nearest to what was written, the first of equally near ones; null where none is near enough to be a slip of the pen.</summary>
    public static string? Nearest(string written, IEnumerable<string> known)
    {
        if (written.Length > Longest) return null;
        var (folded, nearest, least) = (written.ToLowerInvariant(), default(string), int.MaxValue);
        foreach (var word in known)
        {
            var most = Math.Min(least - 1, Math.Max(1, Math.Min(3, Math.Max(word.Length, written.Length) / 3)));
            // Most words are no slip by their length alone, which keeps the search cheap among many.
            if (Math.Abs(word.Length - written.Length) > most) continue;
            var distance = Distance(folded, word.ToLowerInvariant(), most);
            if (distance <= most) (nearest, least) = (word, distance);
        }
        return nearest;
    }

    /// <summary>"did you mean `x`?" or, where nothing is near, what is known.</summary>
    public static string For(string written, IReadOnlyCollection<string> known)
    {
        if (Nearest(written, known) is { } near) return "did you mean " + Quote.Of(near) + "?";
        return known.Count switch
        {
            0 => "none is known here",
            <= 24 => "write " + Quote.OneOf(known),
            _ => "none is near it",
        };
    }

    /// <summary>
    /// Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other; any larger number for more than
    /// <paramref name="most"/>, so that only the letters so far apart are compared.
    /// </summary>
    static int Distance(string a, string b, int most)
    {
        var (before, last, next) = (new int[b.Length + 1], new int[b.Length + 1], new int[b.Length + 1]);
        for (var j = 0; j <= b.Length; j++) last[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            var (first, end) = (Math.Max(1, i - most), Math.Min(b.Length, i + most));
            next[first - 1] = first == 1 ? i : most + 1;
            for (var j = first; j <= end; j++)
            {
                var same = a[i - 1] == b[j - 1] ? 0 : 1;
                var above = j == i + most ? most + 1 : last[j] + 1;
                next[j] = Math.Min(Math.Min(next[j - 1] + 1, above), last[j - 1] + same);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) next[j] = Math.Min(next[j], before[j - 2] + 1);
            }
            (before, last, next) = (last, next, before);
        }
        return last[b.Length];
    }
}
