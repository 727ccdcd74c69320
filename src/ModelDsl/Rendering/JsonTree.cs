using System.Text;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>Nested JSON for people to read in reviews: what fits on a line stands on one, two spaces a level, <c>\n</c> as newline.</summary>
sealed class JsonTree
{
    const int Width = 150;

    readonly string _inline;
    readonly char _open, _close;
    readonly List<(string? Key, JsonTree Value)> _children;

    JsonTree(string inline, char open, char close, List<(string?, JsonTree)> children) =>
        (_inline, _open, _close, _children) = (inline, open, close, children);

    /// <summary>A value that is JSON already.</summary>
    public static JsonTree Value(string json) => new(json, ' ', ' ', []);

    public static JsonTree Text(string text) => Value(JsonText.String(text));

    public static JsonTree Object(IEnumerable<(string Key, JsonTree Value)> fields)
    {
        var children = fields.Select(field => ((string?)field.Key, field.Value)).ToList();
        return children.Count == 0
            ? Value("{}")
            : new("{ " + string.Join(", ", children.Select(field => $"{JsonText.String(field.Item1)}: {field.Value._inline}")) + " }", '{', '}', children);
    }

    public static JsonTree List(IEnumerable<JsonTree> items)
    {
        var children = items.Select(item => ((string?)null, item)).ToList();
        return new("[" + string.Join(", ", children.Select(item => item.item._inline)) + "]", '[', ']', children);
    }

    /// <summary>A list with one more item.</summary>
    public JsonTree With(JsonTree item) => List([.. _children.Select(child => child.Value), item]);

    public static JsonTree Texts(IEnumerable<string> texts) => List(texts.Select(Text));

    /// <summary>The whole text, with a newline at its end.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        Append(text, 0, 0);
        return text.Append('\n').ToString();
    }

    void Append(StringBuilder text, int level, int column)
    {
        if (_children.Count == 0 || column + _inline.Length < Width)
        {
            text.Append(_inline);
            return;
        }
        text.Append(_open);
        for (var i = 0; i < _children.Count; i++)
        {
            var (key, value) = _children[i];
            text.Append(i == 0 ? "\n" : ",\n").Append(' ', 2 * (level + 1));
            var label = key is null ? "" : JsonText.String(key) + ": ";
            text.Append(label);
            value.Append(text, level + 1, 2 * (level + 1) + label.Length);
        }
        text.Append('\n').Append(' ', 2 * level).Append(_close);
    }
}
