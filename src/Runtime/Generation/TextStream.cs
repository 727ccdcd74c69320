using System.Text;
using MmMamba.Runtime.Text;

namespace MmMamba.Runtime.Generation;

/// <summary>
/// An answer's text as its tokens come: characters are held back until their last byte is there, and text that may become a stop text until that is
/// decided. What it has written in the end is what decoding all tokens at once gives, up to the first stop text.
/// </summary>
/// <param name="tokenizer">Tells the tokens' bytes.</param>
/// <param name="stopTexts">Texts that end the answer; empty ones are left out.</param>
/// <param name="write">Is given each new piece of text, none of them empty.</param>
sealed class TextStream(ChatTokenizer tokenizer, IReadOnlyList<string> stopTexts, Action<string>? write)
{
    readonly ChatTokenizer.Decoding _decoding = tokenizer.BeginDecoding();
    readonly string[] _stops = [.. stopTexts.Where(stop => stop.Length > 0)];
    readonly StringBuilder _text = new();
    string _held = "";

    /// <summary>All that was written.</summary>
    public string Text => _text.ToString();

    /// <summary>Whether a stop text came; nothing is written any more.</summary>
    public bool Stopped { get; private set; }

    /// <summary>Takes up a token.</summary>
    /// <returns>Whether the answer goes on.</returns>
    public bool Add(int id)
    {
        if (!Stopped) Take(_decoding.Add(id));
        return !Stopped;
    }

    /// <summary>Writes what was held back.</summary>
    public void End()
    {
        if (Stopped) return;
        Take(_decoding.End());
        if (!Stopped) Write(_held);
        _held = "";
    }

    void Take(string text)
    {
        _held += text;
        var at = _stops.Select(stop => _held.IndexOf(stop, StringComparison.Ordinal)).Where(found => found >= 0).DefaultIfEmpty(-1).Min();
        if (at >= 0)
        {
            Stopped = true;
            Write(_held[..at]);
            _held = "";
            return;
        }
        var keep = _stops.Select(Begun).DefaultIfEmpty(0).Max();
        Write(_held[..^keep]);
        _held = _held[^keep..];
    }

    // How much of the end of the text is the beginning of a stop text.
    int Begun(string stop)
    {
        for (var length = Math.Min(stop.Length - 1, _held.Length); length > 0; length--)
            if (_held.EndsWith(stop[..length], StringComparison.Ordinal)) return length;
        return 0;
    }

    void Write(string text)
    {
        if (text.Length == 0) return;
        _text.Append(text);
        write?.Invoke(text);
    }
}
