using System.Text;

namespace MmMamba.Testing;

/// <summary>The first lines in which two texts differ, with the line before, for a test's message.</summary>
static class FirstDifference
{
    const int ShownLines = 5;

    public static string Between(string approved, string received)
    {
        var (left, right) = (approved.Split('\n'), received.Split('\n'));
        var first = 0;
        while (first < left.Length && first < right.Length && left[first] == right[first]) first++;

        var text = new StringBuilder($"First difference at line {first + 1}:");
        if (first > 0) text.Append($"\n    {left[first - 1]}");
        Show(text, "-", left, first);
        Show(text, "+", right, first);
        return text.ToString();
    }

    static void Show(StringBuilder text, string mark, string[] lines, int first)
    {
        foreach (var line in lines.Skip(first).Take(ShownLines)) text.Append($"\n  {mark} {line}");
        if (lines.Length > first + ShownLines) text.Append($"\n  {mark} ... {lines.Length - first - ShownLines} more");
    }
}
