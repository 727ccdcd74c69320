using System.Text;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>A document as plain text: columns padded, long lists wrapped at commas, no line that ends in spaces, <c>\n</c> as newline.</summary>
public static class DocumentText
{
    const int Width = 96, WidthOfLines = 150;
    const string Indent = "  ", Gap = "  ";

    public static string Render(Document document)
    {
        var text = new StringBuilder();
        foreach (var part in document.Parts)
            switch (part)
            {
                case Document.TitlePart title: Line(text, title.Text); break;
                case Document.RemarkPart remark: Line(text, remark.Text); break;
                case Document.HeadingPart heading: Line(text.Append('\n'), heading.Text); break;
                case Document.LinePart line when line.Depth == 0: Wrapped(text, Indent + line.Text, WidthOfLines); break;
                case Document.LinePart line: Wrapped(text, Indent + Indent + line.Text, Width); break;
                case Document.TablePart table: Padded(text, table.Columns); break;
                case Document.StripPart strip: Padded(text, strip.Columns); break;
            }
        return text.ToString();
    }

    /// <summary>The rows of columns, each as one line without its indent.</summary>
    public static IEnumerable<string> Lines(Columns columns)
    {
        var rows = columns.Header is { } header ? [header, .. columns.Rows] : columns.Rows;
        var widths = columns.Alignment.Select((_, column) => rows.Max(row => column < row.Length ? row[column].Length : 0)).ToArray();
        return rows.Select(row => string.Join(Gap, row.Select((cell, i) =>
            columns.Alignment[i] == 'r' ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).TrimEnd());
    }

    static void Padded(StringBuilder text, Columns columns)
    {
        if (columns.Rows.Count == 0) return;
        foreach (var line in Lines(columns)) Line(text, Indent + line);
    }

    static void Line(StringBuilder text, string line) => text.Append(line.TrimEnd()).Append('\n');

    // Breaks at commas, so that a list of a hundred layers stays readable.
    static void Wrapped(StringBuilder text, string line, int width)
    {
        const string indent = "      ";
        while (line.Length > width && line.LastIndexOf(", ", width, StringComparison.Ordinal) is var comma && comma > indent.Length)
        {
            Line(text, line.Substring(0, comma + 1));
            line = indent + line.Substring(comma + 2);
        }
        Line(text, line);
    }
}
