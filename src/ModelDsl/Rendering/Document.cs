namespace MmMamba.ModelDsl.Rendering;

/// <summary>
/// What a reviewer reads, in parts: one content for the terminal (<see cref="DocumentText"/>) and for a pull request
/// (<see cref="DocumentMarkdown"/>). Whatever text it is given stays on its line and steers no terminal.
/// </summary>
public sealed class Document
{
    readonly List<Part> _parts = [];

    public IReadOnlyList<Part> Parts => _parts;

    /// <summary>What the document is about.</summary>
    public Document Title(string text) => Add(new TitlePart(Plain(text)));

    /// <summary>A sentence under the title.</summary>
    public Document Remark(string text) => Add(new RemarkPart(Plain(text)));

    public Document Heading(string text) => Add(new HeadingPart(Plain(text)));

    /// <summary>A line of its own; at a depth below 0 it belongs to the line before.</summary>
    public Document Line(string text, int depth = 0) => Add(new LinePart(Plain(text), depth));

    public Document Table(Columns columns) => Add(new TablePart(Plain(columns)));

    /// <summary>Columns whose letters have to stand exactly under each other, such as the layer strip.</summary>
    public Document Strip(Columns columns) => Add(new StripPart(Plain(columns)));

    Document Add(Part part)
    {
        _parts.Add(part);
        return this;
    }

    static Columns Plain(Columns columns)
    {
        var plain = new Columns(columns.Alignment);
        if (columns.Header is { } header) plain.Titled([.. header.Select(Plain)]);
        foreach (var row in columns.Rows) plain.Row([.. row.Select(Plain)]);
        return plain;
    }

    // Line breaks and control characters become spaces; marks that turn the direction of text, and halves of letters, U+FFFD.
    static string Plain(string text) => string.Concat(text.Select((letter, i) =>
        char.IsControl(letter) || letter is '\u2028' or '\u2029' ? ' '
        : letter is >= '\u202A' and <= '\u202E' or >= '\u2066' and <= '\u2069' || IsHalf(text, i) ? '\uFFFD'
        : letter));

    static bool IsHalf(string text, int i) =>
        char.IsHighSurrogate(text[i]) && !(i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
        || char.IsLowSurrogate(text[i]) && !(i > 0 && char.IsHighSurrogate(text[i - 1]));

    public abstract record Part;
    public sealed record TitlePart(string Text) : Part;
    public sealed record RemarkPart(string Text) : Part;
    public sealed record HeadingPart(string Text) : Part;
    public sealed record LinePart(string Text, int Depth) : Part;
    public sealed record TablePart(Columns Columns) : Part;
    public sealed record StripPart(Columns Columns) : Part;
}
