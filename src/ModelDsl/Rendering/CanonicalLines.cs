using System.Globalization;
using System.Text;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>A line of the canonical form.</summary>
/// <param name="Text">Its YAML.</param>
/// <param name="Path">What it sets, such as <c>attention.rope.theta</c>; null for a line that only opens a mapping.</param>
/// <param name="Value">The value as YAML.</param>
/// <param name="Origin">What decided the value; null where that is not asked.</param>
sealed record CanonicalLine(string Text, string? Path, string? Value, Origin? Origin);

/// <summary>Lays values out as YAML, one a line; a mapping is opened as its first value comes.</summary>
/// <param name="origins">Knows what decided the values; null where that is not asked.</param>
sealed class CanonicalLines(OriginFinder? origins)
{
    /// <summary>How a key begins that is the first of a list's item, and one that follows in the same item.</summary>
    public const string Item = "- ", Further = "  ";

    readonly List<CanonicalLine> _lines = [];
    readonly Dictionary<string, int> _items = new(StringComparer.Ordinal);
    string[] _open = [];

    public IReadOnlyList<CanonicalLine> All => _lines;

    public OriginFinder? Origins => origins;

    public void Leaf(int value, params string[] path) => Leaf(value.ToString(CultureInfo.InvariantCulture), path);
    public void Leaf(decimal value, params string[] path) => Leaf(CanonicalValue.Of(value), path);
    public void Leaf(string value, params string[] path) => Leaf(value, origins?.At(path), path);

    /// <summary>Opens a choice at the case that holds, which may have no settings of its own written.</summary>
    public void Case(params string[] path)
    {
        var choice = path.Take(path.Length - 1).ToArray();
        Open(path);
        _lines[_lines.Count - 1] = _lines[_lines.Count - 1] with { Path = Dotted(choice), Value = path[path.Length - 1], Origin = origins?.OfCase(choice) };
        _open = path;
    }

    /// <param name="path">The keys that lead to the value, those in lists with <see cref="Item"/> or <see cref="Further"/> before them.</param>
    public void Leaf(string value, Origin? origin, params string[] path)
    {
        Open(path);
        var line = _lines[_lines.Count - 1];
        _lines[_lines.Count - 1] = new($"{line.Text} {value}", Dotted(path), value, origin);
        _open = path.Take(path.Length - 1).ToArray();
    }

    /// <summary>Writes the keys of a path that are not open yet, and in any case the last one.</summary>
    void Open(string[] path)
    {
        var same = 0;
        while (same < _open.Length && same < path.Length - 1 && _open[same] == path[same]) same++;
        for (var depth = same; depth < path.Length; depth++)
        {
            if (path[depth].StartsWith(Item, StringComparison.Ordinal))
                _items[path[depth - 1]] = _items.TryGetValue(path[depth - 1], out var before) ? before + 1 : 0;
            _lines.Add(new(Indent(path, depth) + path[depth] + ":", null, null, null));
        }
    }

    static string Indent(string[] path, int depth) => new(' ', path.Take(depth).Sum(key => InList(key) ? 4 : 2));

    string Dotted(string[] path)
    {
        var text = new StringBuilder(path[0]);
        for (var i = 1; i < path.Length; i++)
        {
            if (InList(path[i])) text.Append('[').Append(_items[path[i - 1]].ToString(CultureInfo.InvariantCulture)).Append(']');
            text.Append('.').Append(InList(path[i]) ? path[i].Substring(Item.Length) : path[i]);
        }
        return text.ToString();
    }

    static bool InList(string key) => key[0] is '-' or ' ';
}
