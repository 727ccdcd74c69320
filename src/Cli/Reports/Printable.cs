namespace MmMamba.Cli.Reports;

/// <summary>Makes data fit to be shown: what would steer a terminal or turn the direction of the text becomes U+FFFD.</summary>
static class Printable
{
    /// <summary>The text on one line.</summary>
    public static string Line(string text) => Replace(text, keepNewlines: false);

    /// <summary>The text with its newlines and tabs.</summary>
    public static string Lines(string text) => Replace(text.ReplaceLineEndings("\n"), keepNewlines: true);

    static string Replace(string text, bool keepNewlines) => string.Create(text.Length, (text, keepNewlines), static (span, state) =>
    {
        for (var i = 0; i < span.Length; i++)
            span[i] = Steers(state.text, i) && !(state.keepNewlines && state.text[i] is '\n' or '\t') ? '\uFFFD' : state.text[i];
    });

    static bool Steers(string text, int i) =>
        char.IsControl(text[i])
        || text[i] is >= '\u202A' and <= '\u202E' or >= '\u2066' and <= '\u2069' or '\u2028' or '\u2029'
        || char.IsHighSurrogate(text[i]) && !(i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
        || char.IsLowSurrogate(text[i]) && !(i > 0 && char.IsHighSurrogate(text[i - 1]));
}
