using System.Text;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace MmMamba.ModelDsl.Syntax;

/// <summary>The name that a file gives to what it describes.</summary>
/// <param name="IsFamily">Whether that is an ablation family, and not a model.</param>
public readonly record struct SpecName(string Text, bool IsFamily);

/// <summary>
/// Reads a file's YAML events into nodes, within bounds that are checked before and while reading. Whatever the text holds, the
/// outcome is a node or a diagnostic, never an exception.
/// </summary>
public sealed class SpecReader
{
    /// <summary>Bytes (as UTF-8) that a file may have.</summary>
    public const int MaxBytes = 1_000_000;
    /// <summary>Levels of nesting, aliases expanded.</summary>
    public const int MaxDepth = 64;
    /// <summary>Aliases that a file may use.</summary>
    public const int MaxAliases = 100;
    /// <summary>Keys and values that a file may hold, aliases expanded.</summary>
    public const int MaxNodes = 20_000;

    readonly string _path;
    readonly IParser _events;
    readonly Mark _end;
    readonly Dictionary<string, Built> _anchors = new(StringComparer.Ordinal);
    readonly List<Diagnostic> _problems = [];
    Span _last = Span.FileStart;
    int _aliases;
    int _nodes;
    SpecName? _name;
    string? _extends;

    SpecReader(string path, string text)
    {
        _path = path;
        _events = new Parser(new StringReader(text));
        _end = EndOf(text);
    }

    /// <summary>A node with what an alias to it would cost.</summary>
    readonly record struct Built(Node Node, Span Written, int Depth, int Size);

    sealed class Refused(Diagnostic diagnostic) : Exception
    {
        public Diagnostic Diagnostic { get; } = diagnostic;
    }

    /// <summary>
    /// The file's top mapping, null where the reading had to stop; the name that it gives to its model or family and the text of its
    /// <c>extends</c> key, if the reading came that far; and what is wrong with the text.
    /// </summary>
    public static (MappingNode? Root, (SpecName? Name, string? Extends) Names, EquatableArray<Diagnostic> Problems) Read(string path, string text)
    {
        if (text.Length > MaxBytes || Encoding.UTF8.GetByteCount(text) > MaxBytes)
            return (null, (null, null), [Diagnostics.TooLarge.At(path, Span.FileStart, MaxBytes)]);
        if (text.StartsWith("\uFEFF", StringComparison.Ordinal)) text = text.Substring(1);
        var reader = new SpecReader(path, text);
        try
        {
            var root = reader.Document();
            return (root, (reader._name, reader._extends), new(reader._problems));
        }
        catch (Refused refused)
        {
            reader._problems.Add(refused.Diagnostic);
        }
        catch (YamlException broken)
        {
            reader._problems.Add(reader.Broken(broken, text));
        }
        // The parser also throws InvalidOperationException and others on text that it did not foresee, such as `[1, 2`.
        catch (Exception unforeseen) when (unforeseen is not OutOfMemoryException)
        {
            reader._problems.Add(Diagnostics.NotYaml.At(path, After(reader._last), "the text breaks off inside a list, a mapping or a quote"));
        }
        return (null, (reader._name, reader._extends), new(reader._problems));
    }

    Diagnostic Broken(YamlException broken, string text)
    {
        var message = Quote.Clean(broken.Message.Trim().TrimEnd('.'));
        // The parser names the start of the mapping; the tab itself is of more use.
        if (broken.Message.Contains(" tab ") && IndentingTab(text, (int)broken.Start.Line) is { } tab) return Diagnostics.NotYaml.At(_path, tab, message);
        // A text that breaks off is shown where it breaks off, and not behind the empty lines that follow.
        var atEnd = broken.Start.Index >= text.TrimEnd().Length;
        return Diagnostics.NotYaml.At(_path, atEnd ? After(_last) : SpanOf(broken.Start, broken.End), message);
    }

    static Span? IndentingTab(string text, int fromLine)
    {
        var lines = text.Split('\n');
        for (var i = Math.Max(0, fromLine - 1); i < lines.Length; i++)
        {
            var column = 0;
            while (column < lines[i].Length && lines[i][column] == ' ') column++;
            if (column < lines[i].Length && lines[i][column] == '\t' && lines[i].Trim().Length > 0) return new(i + 1, column + 1, i + 1, column + 2);
        }
        return null;
    }

    static Span After(Span last) => new(last.EndLine, last.EndColumn, last.EndLine, last.EndColumn);

    MappingNode Document()
    {
        Next<StreamStart>();
        if (Advance() is StreamEnd) throw Refuse(Diagnostics.NotAMapping, Span.FileStart, "nothing");
        var start = (DocumentStart)_events.Current!;
        if (start.Tags is { Count: > 0 } && !start.IsImplicit)
            foreach (var tag in start.Tags)
                // The parser adds the two handles that every document has.
                if (tag.Handle is not ("!" or "!!")) throw Refuse(Diagnostics.Tag, SpanOf(tag.Start, tag.End), Quote.Of(tag.Handle));

        Advance();
        var root = Value(0).Node;
        Next<DocumentEnd>();
        if (Advance() is not StreamEnd) throw Refuse(Diagnostics.SeveralDocuments, SpanOf(_events.Current!.Start, _events.Current.End));
        return root as MappingNode ?? throw Refuse(Diagnostics.NotAMapping, root.Span, Quote.Describe(root));
    }

    /// <summary>The node that the current event begins; leaves its last event current.</summary>
    Built Value(int depth)
    {
        if (_events.Current is NodeEvent { Tag.IsEmpty: false } tagged) throw Refuse(Diagnostics.Tag, _last, Quote.Of(tagged.Tag.ToString()));
        if (depth >= MaxDepth) throw Refuse(Diagnostics.TooDeep, _last, MaxDepth);
        Count(1);
        var anchor = (_events.Current as NodeEvent)?.Anchor ?? AnchorName.Empty;
        var built = _events.Current switch
        {
            AnchorAlias alias => Alias(alias, depth),
            Scalar scalar => Leaf(scalar),
            SequenceStart => Sequence(depth),
            MappingStart => Mapping(depth),
            _ => throw Refuse(Diagnostics.NotYaml, _last, "a value was expected here"),
        };
        if (!anchor.IsEmpty && _events.Current is not AnchorAlias) _anchors[anchor.Value] = built;
        return built;
    }

    Built Leaf(Scalar scalar)
    {
        var (kind, number) = scalar.Style == ScalarStyle.Plain ? PlainScalar.Type(scalar.Value) : (ScalarKind.Text, null);
        return new(new ScalarNode(_path, _last, scalar.Value, kind, number), _last, 1, 1);
    }

    Built Alias(AnchorAlias alias, int depth)
    {
        if (++_aliases > MaxAliases) throw Refuse(Diagnostics.Aliases, _last, $"more than {Quote.Number(MaxAliases)} aliases");
        if (!_anchors.TryGetValue(alias.Value.Value, out var target))
            throw Refuse(Diagnostics.Aliases, _last, $"no anchor {Quote.Of("&" + alias.Value.Value)} comes before it");
        if (depth + target.Depth > MaxDepth) throw Refuse(Diagnostics.TooDeep, _last, MaxDepth);
        Count(target.Size);
        return target with { Written = _last };
    }

    Built Sequence(int depth)
    {
        var (start, before) = (_last, _nodes);
        var items = new List<Node>();
        var (end, deepest) = (start, 0);
        while (Advance() is not SequenceEnd)
        {
            var item = Value(depth + 1);
            items.Add(item.Node);
            (end, deepest) = (item.Written, Math.Max(deepest, item.Depth));
        }
        var span = start.To(end);
        return new(new SequenceNode(_path, span, new(items)), span, deepest + 1, _nodes - before + 1);
    }

    Built Mapping(int depth)
    {
        var (start, before) = (_last, _nodes);
        var entries = new List<Entry>();
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        var (end, deepest) = (start, 0);
        while (Advance() is not MappingEnd)
        {
            var written = _last;
            if (_events.Current is not Scalar) throw Refuse(Diagnostics.NotAKey, written);
            var key = (ScalarNode)Value(depth + 1).Node;
            var again = lines.TryGetValue(key.Text, out var line);
            if (again) _problems.Add(Diagnostics.DuplicateKey.At(_path, written, Quote.Of(key.Text), line));
            Advance();
            var value = Value(depth + 1);
            if (!again)
            {
                lines.Add(key.Text, written.StartLine);
                if (depth == 0 && key.Text is "model" or "ablation" && value.Node is ScalarNode { Kind: ScalarKind.Text } name)
                    _name ??= new(name.Text, key.Text == "ablation");
                if (depth == 0 && key.Text == "extends" && value.Node is ScalarNode { Kind: ScalarKind.Text } low) _extends = low.Text;
                entries.Add(new Entry(key, value.Node));
            }
            (end, deepest) = (value.Written, Math.Max(deepest, value.Depth));
        }
        var span = start.To(end);
        return new(new MappingNode(_path, span, new(entries)), span, deepest + 1, _nodes - before + 1);
    }

    void Count(int nodes)
    {
        _nodes += nodes;
        if (_nodes > MaxNodes) throw Refuse(Diagnostics.TooManyValues, _last, MaxNodes);
    }

    ParsingEvent Advance()
    {
        if (!_events.MoveNext()) throw new InvalidOperationException();
        var current = _events.Current!;
        _last = SpanOf(current.Start, current.End);
        // A container's event has no extent; its bracket or brace has.
        if (current is SequenceStart { Style: SequenceStyle.Flow } or MappingStart { Style: MappingStyle.Flow })
            _last = _last with { EndLine = _last.StartLine, EndColumn = _last.StartColumn + 1 };
        return current;
    }

    void Next<T>() where T : ParsingEvent
    {
        if (Advance() is not T) throw new InvalidOperationException();
    }

    Refused Refuse(DiagnosticRule rule, Span span, params object[] arguments) => new(rule.At(_path, span, arguments));

    Span SpanOf(Mark start, Mark end)
    {
        // At the end of the text the parser counts a line that isn't there.
        if (start.Index >= _end.Index) start = _end;
        if (end.Index >= _end.Index) end = _end;
        var (line, column) = ((int)Math.Max(1, start.Line), (int)Math.Max(1, start.Column));
        var (endLine, endColumn) = ((int)Math.Max(1, end.Line), (int)Math.Max(1, end.Column));
        return endLine < line || (endLine == line && endColumn < column) ? new(line, column, line, column) : new(line, column, endLine, endColumn);
    }

    static Mark EndOf(string text)
    {
        var (line, start) = (1, 0);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('\n' or '\r' or '\u0085' or '\u2028' or '\u2029') || (text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n')) continue;
            line++;
            start = i + 1;
        }
        return new(text.Length, line, text.Length - start + 1);
    }
}
