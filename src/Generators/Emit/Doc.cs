using System.Text;

namespace MmMamba.Generators.Emit;

/// <summary>Text of a spec inside a documentation comment: one line, escaped as XML.</summary>
static class Doc
{
    public static string Summary(string text) => $"/// <summary>{Escaped(text)}</summary>";

    public static string Escaped(string text)
    {
        var escaped = new StringBuilder();
        foreach (var c in text)
            escaped.Append(c switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                _ when Comment.EndsLine(c) => " ",
                _ => c.ToString(),
            });
        return escaped.ToString();
    }
}
