using System.Text;

namespace MmMamba.Generators.Emit;

/// <summary>Indented text with \n as its newline. A block is opened by a line and closed by <c>using</c>.</summary>
sealed class CodeWriter
{
    const int Indent = 4;

    readonly StringBuilder _text = new();
    int _depth;

    public override string ToString() => _text.ToString();

    /// <summary>Writes each line of a text at the present depth; empty lines stay empty.</summary>
    public void Write(string text)
    {
        foreach (var line in text.Replace("\r\n", "\n").Split('\n'))
        {
            if (line.Length > 0) _text.Append(' ', _depth * Indent).Append(line);
            _text.Append('\n');
        }
    }

    /// <summary>Writes an empty line.</summary>
    public void Space() => _text.Append('\n');

    /// <summary>Writes a header and opens a block in braces.</summary>
    public Scope Block(string header, string close = "}") => Indented($"{header}\n{{", close);

    /// <summary>Writes a header that opens something by itself, and indents what follows until <paramref name="close"/>.</summary>
    public Scope Indented(string header, string close)
    {
        Write(header);
        _depth++;
        return new(this, close);
    }

    /// <summary>Closes a block when disposed.</summary>
    public readonly struct Scope(CodeWriter writer, string close) : IDisposable
    {
        public void Dispose()
        {
            writer._depth--;
            writer.Write(close);
        }
    }
}
