namespace MmMamba.Generators.Emit;

/// <summary>Text of a spec in a comment that ends with its line.</summary>
static class Comment
{
    public static string Of(string text) => string.Concat(text.Select(c => EndsLine(c) ? ' ' : c));

    public static bool EndsLine(char c) => char.IsControl(c) || c is '\u2028' or '\u2029';
}
