namespace MmMamba.ModelDsl.Syntax;

/// <summary>The lines of a text, counted from 1 and broken where YAML breaks them.</summary>
sealed class SourceLines
{
    readonly List<string> _lines = [];
    readonly int[] _content;

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
        _content = new int[_lines.Count + 2];
        _content[_lines.Count + 1] = _lines.Count + 1;
        for (var line = _lines.Count; line > 0; line--)
            _content[line] = _lines[line - 1].Trim() is { Length: > 0 } rest && rest[0] != '#' ? line : _content[line + 1];
    }

    /// <summary>The first line from one on that isn't empty or a comment; one past the end where there is none.</summary>
    public int ContentFrom(int line) => _content[Math.Min(Math.Max(line, 1), _lines.Count + 1)];

    public int Count => _lines.Count;

    /// <summary>A line without its break; empty past the end.</summary>
    public string this[int line] => line >= 1 && line <= _lines.Count ? _lines[line - 1] : "";
}
