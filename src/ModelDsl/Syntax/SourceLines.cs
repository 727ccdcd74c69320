namespace MmMamba.ModelDsl.Syntax;

/// <summary>The lines of a text, counted from 1 and broken where YAML breaks them.</summary>
sealed class SourceLines
{
    readonly List<string> _lines = [];

    public SourceLines(string text)
    {
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('\n' or '\r' or '\u0085' or '\u2028' or '\u2029') || (text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n')) continue;
            var end = i > start && text[i] == '\n' && text[i - 1] == '\r' ? i - 1 : i;
            _lines.Add(text.Substring(start, end - start));
            start = i + 1;
        }
        _lines.Add(text.Substring(start));
    }

    public int Count => _lines.Count;

    /// <summary>A line without its break; empty past the end.</summary>
    public string this[int line] => line >= 1 && line <= _lines.Count ? _lines[line - 1] : "";
}
