using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MmMamba.ModelDsl.Rendering;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>The text that an identity is the digest of: words in lines, numbers and switches in one spelling.</summary>
sealed class CanonicalText
{
    const string Hex = "0123456789abcdef";

    // The scheme belongs to edition 1.
    readonly StringBuilder _text = new("mmmodel 1\n");
    // Layers repeat theirs.
    readonly Dictionary<decimal, string> _numbers = [];

    public CanonicalText Line(params object?[] words)
    {
        for (var i = 0; i < words.Length; i++)
        {
            if (i > 0) _text.Append(' ');
            _text.Append(Word(words[i]));
        }
        _text.Append('\n');
        return this;
    }

    /// <summary>The first 16 hex digits of SHA-256 over the text.</summary>
    public string Digest()
    {
        using var sha = SHA256.Create();
        var digest = sha.ComputeHash(Encoding.UTF8.GetBytes(_text.ToString()));
        var text = new char[16];
        for (var i = 0; i < text.Length; i++) text[i] = Hex[digest[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
        return new(text);
    }

    string Word(object? value) => value switch
    {
        string text => text,
        int number => number.ToString(CultureInfo.InvariantCulture),
        bool on => on ? "on" : "off",
        decimal number => _numbers.TryGetValue(number, out var known) ? known : _numbers[number] = CanonicalNumber.Of(number),
        null => "none",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
