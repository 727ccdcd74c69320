using System.Globalization;
using System.Text;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>
/// JSON as one canonical text: keys in the order of the calls, an object either one key a line or all on one line, a list of
/// objects one a line, two spaces a level, <c>\n</c> as newline, one at the end.
/// </summary>
sealed class JsonText
{
    readonly StringBuilder _text = new("{");
    readonly Stack<bool> _filled = new([false]);

    public JsonText Field(string key, string value)
    {
        Key(key).Append(value);
        return this;
    }

    public JsonText Object(string key, Action<JsonText> fields)
    {
        Key(key).Append('{');
        _filled.Push(false);
        fields(this);
        End('}');
        return this;
    }

    /// <summary>A list with each item, already JSON on one line, on a line of its own.</summary>
    public JsonText Lines(string key, IEnumerable<string> items)
    {
        Key(key).Append('[');
        _filled.Push(false);
        foreach (var item in items) Next().Append(item);
        End(']');
        return this;
    }

    public override string ToString()
    {
        if (_filled.Count > 0) End('}');
        return _text.Append('\n').ToString();
    }

    StringBuilder Key(string key) => Next().Append(String(key)).Append(": ");

    StringBuilder Next()
    {
        if (_filled.Pop()) _text.Append(',');
        _filled.Push(true);
        return _text.Append('\n').Append(' ', 2 * _filled.Count);
    }

    void End(char bracket)
    {
        if (_filled.Pop()) _text.Append('\n').Append(' ', 2 * _filled.Count);
        _text.Append(bracket);
    }

    /// <summary>An object on one line, of keys and values that are already JSON.</summary>
    public static string Inline(params (string Key, string Value)[] fields) =>
        "{" + string.Join(", ", fields.Select(field => $"{String(field.Key)}: {field.Value}")) + "}";

    /// <summary>A list on one line, of items that are already JSON.</summary>
    public static string List(IEnumerable<string> items) => "[" + string.Join(", ", items) + "]";

    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
    // Counts to the last digit, whatever a reader makes of it; what has a fraction is a setting, and those are binary64.
    public static string Number(decimal value) => decimal.Truncate(value) == value ? value.ToString("0", CultureInfo.InvariantCulture) : CanonicalNumber.Of(value);
    public static string Number(decimal? value) => value is { } number ? Number(number) : "null";
    public static string Flag(bool value) => value ? "true" : "false";

    /// <summary>A string in quotes, or null; escaped are quotes, backslashes, control characters and halves of surrogate pairs.</summary>
    public static string String(string? value)
    {
        if (value is null) return "null";
        var text = new StringBuilder(value.Length + 2).Append('"');
        for (var i = 0; i < value.Length; i++)
        {
            var letter = value[i];
            if (letter is '"' or '\\') text.Append('\\').Append(letter);
            else if (char.IsHighSurrogate(letter) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1]))
                text.Append(letter).Append(value[++i]);
            else if (char.IsControl(letter) || char.IsSurrogate(letter))
                text.Append("\\u").Append(((int)letter).ToString("x4", CultureInfo.InvariantCulture));
            else text.Append(letter);
        }
        return text.Append('"').ToString();
    }
}
