namespace MmMamba.ModelDsl.Binding;

/// <summary>Names that may become code. ASCII only, so that a name looks the same everywhere and in every file system.</summary>
static class Identifiers
{
    const int Longest = 100;

    /// <summary>
    /// Whether the text can be the name of a generated class: a capital letter, then letters, digits and underscores. C#'s keywords,
    /// all in small letters, are thereby left out.
    /// </summary>
    public static bool IsClassName(string text) =>
        text.Length is > 0 and <= Longest && text[0] is >= 'A' and <= 'Z' && text.All(c => IsLetter(c) || IsDigit(c) || c == '_');

    /// <summary>
    /// Whether the text can name a tower: small letters, with digits and single underscores inside. It ends with a letter, as its
    /// layers are called by the name and an index.
    /// </summary>
    public static bool IsTowerName(string text)
    {
        if (text.Length is 0 or > Longest || text[0] is < 'a' or > 'z' || text[text.Length - 1] is < 'a' or > 'z') return false;
        for (var i = 1; i < text.Length; i++)
            if (!(text[i] is >= 'a' and <= 'z' || IsDigit(text[i]) || (text[i] == '_' && text[i - 1] != '_'))) return false;
        return true;
    }

    static bool IsLetter(char c) => c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z');
    static bool IsDigit(char c) => c is >= '0' and <= '9';
}
