namespace MmMamba.ModelDsl.Binding;

/// <summary>Finds the word that was probably meant.</summary>
static class Suggestion
{
    const int Longest = 64;

    /// <summary>The known word nearest to what was written; null where none is near enough to be a slip of the pen.</summary>
    public static string? Nearest(string written, IEnumerable<string> known)
    {
        if (written.Length > Longest) return null;
        string? nearest = null;
        var least = int.MaxValue;
        foreach (var word in known)
        {
            var distance = Distance(written.ToLowerInvariant(), word.ToLowerInvariant());
            if (distance < least) (nearest, least) = (word, distance);
        }
        return nearest is not null && least <= Math.Max(1, Math.Min(3, Math.Max(nearest.Length, written.Length) / 3)) ? nearest : null;
    }

    /// <summary>"; did you mean `x`?" or, where nothing is near, what is known.</summary>
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

    /// <summary>Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other.</summary>
    static int Distance(string a, string b)
    {
        var (before, last, next) = (new int[b.Length + 1], new int[b.Length + 1], new int[b.Length + 1]);
        for (var j = 0; j <= b.Length; j++) last[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            next[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var same = a[i - 1] == b[j - 1] ? 0 : 1;
                next[j] = Math.Min(Math.Min(next[j - 1], last[j]) + 1, last[j - 1] + same);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) next[j] = Math.Min(next[j], before[j - 2] + 1);
            }
            (before, last, next) = (last, next, before);
        }
        return last[b.Length];
    }
}
