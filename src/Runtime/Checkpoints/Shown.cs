using System.Text;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>How names and values out of a file appear in a message: on one line, of bounded length, without what would turn the direction of the text.</summary>
static class Shown
{
    const int Longest = 120;

    public static string Text(string text) => $"'{Line(text)}'";

    /// <summary>The same without quotes: a part of a path.</summary>
    public static string Line(string text)
    {
        var shown = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (shown.Length >= Longest) return shown.Append("...").ToString();
            if (Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029 or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069)) shown.Append($"\\u{rune.Value:x4}");
            else shown.Append(rune.ToString());
        }
        return shown.ToString();
    }

    public static string Shape(ReadOnlySpan<long> shape)
    {
        var shown = new StringBuilder("(");
        for (var i = 0; i < shape.Length; i++) shown.Append(i == 0 ? "" : ", ").Append(shape[i]);
        return shown.Append(')').ToString();
    }

    /// <summary>What is wrong, in one sentence; of very many things the first.</summary>
    public static string Faults(IReadOnlyList<string> faults, int most = 24)
    {
        var shown = string.Join("; ", faults.Take(most));
        return faults.Count <= most ? shown : $"{shown}; and {faults.Count - most} more";
    }

    /// <summary>The first few of many, joined, with the count of the others.</summary>
    public static string Some(IReadOnlyList<string> items, int most = 8)
    {
        var shown = string.Join(", ", items.Take(most));
        return items.Count <= most ? shown : $"{shown} and {items.Count - most} more";
    }
}
