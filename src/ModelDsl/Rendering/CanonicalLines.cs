using System.Globalization;
using System.Text;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>A line of the canonical form.</summary>
/// <param name="Text">Its YAML.</param>
/// <param name="Path">What it sets, such as <c>attention.rope.theta</c>; null for a line that only opens a mapping.</param>
/// <param name="Value">The value as YAML.</param>
/// <param name="Origin">What wrote the value; null for a default of the edition, or where nothing is known.</param>
sealed record CanonicalLine(string Text, string? Path, string? Value, Node? Origin);

/// <summary>Lays values out as YAML, one a line; a mapping is opened as its first value comes.</summary>
/// <param name="root">The tree that holds what wrote the values, if that is of interest.</param>
sealed class CanonicalLines(MappingNode? root)
{
    /// <summary>How a key begins that is the first of a list's item, and one that follows in the same item.</summary>
    public const string Item = "- ", Further = "  ";

    readonly List<CanonicalLine> _lines = [];
    readonly Dictionary<string, int> _items = new(StringComparer.Ordinal);
    string[] _open = [];

    public IReadOnlyList<CanonicalLine> All => _lines;

    public void Leaf(int value, params string[] path) => Leaf(value.ToString(CultureInfo.InvariantCulture), path);
    public void Leaf(decimal value, params string[] path) => Leaf(CanonicalValue.Of(value), path);
    public void Leaf(string value, params string[] path) => Leaf(value, At(root, path), path);

    /// <param name="path">The keys that lead to the value, those in lists with <see cref="Item"/> or <see cref="Further"/> before them.</param>
    public void Leaf(string value, Node? origin, params string[] path)
    {
        var same = 0;
        while (same < _open.Length && same < path.Length - 1 && _open[same] == path[same]) same++;
        for (var depth = same; depth < path.Length; depth++)
        {
            if (path[depth].StartsWith(Item, StringComparison.Ordinal))
                _items[path[depth - 1]] = _items.TryGetValue(path[depth - 1], out var before) ? before + 1 : 0;
            var line = Indent(path, depth) + path[depth] + ":";
            _lines.Add(depth < path.Length - 1 ? new(line, null, null, null) : new(line + " " + value, Dotted(path), value, origin));
        }
        _open = path.Take(path.Length - 1).ToArray();
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

    /// <summary>The value at the end of a path; null where nothing is written there.</summary>
    public static Node? At(MappingNode? top, params string[] path)
    {
        Node? at = top;
        foreach (var key in path) at = (at as MappingNode)?.Get(key);
        return at;
    }
}
