using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MmMamba.ModelDsl.Rendering;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>The text that an identity is the digest of: words in lines, numbers and switches in one spelling.</summary>
sealed class CanonicalText
{
    // The scheme belongs to edition 1.
    readonly StringBuilder _text = new("mmmodel 1\n");

    public CanonicalText Line(params object?[] words)
    {
        _text.Append(string.Join(" ", words.Select(Word))).Append('\n');
        return this;
    }

    /// <summary>The first 16 hex digits of SHA-256 over the text.</summary>
    public string Digest()
    {
        using var sha = SHA256.Create();
        var digest = sha.ComputeHash(Encoding.UTF8.GetBytes(_text.ToString()));
        return string.Concat(digest.Take(8).Select(b => b.ToString("x2", CultureInfo.InvariantCulture)));
    }

    static string Word(object? value) => value switch
    {
        null => "none",
        bool on => on ? "on" : "off",
        decimal number => CanonicalNumber.Of(number),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
