using System.Text;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>A document as GitHub's Markdown, for a pull request. All text is escaped: none of it becomes markup or addresses anybody.</summary>
public static class DocumentMarkdown
{
    const string Marks = "\\`*_{}[]<>#|~&!$";

    public static string Render(Document document)
    {
        var text = new StringBuilder();
        Document.Part? before = null;
        foreach (var part in document.Parts)
        {
            // Lines of one list stay together; whatever else meets is parted by an empty line.
            if (before is not null && !(before is Document.LinePart && part is Document.LinePart)) text.Append('\n');
            before = part;
            switch (part)
            {
                case Document.TitlePart title: Line(text, "## " + Escaped(title.Text)); break;
                case Document.RemarkPart remark: Line(text, Paragraph(remark.Text)); break;
                case Document.HeadingPart heading: Line(text, "### " + Escaped(heading.Text)); break;
                case Document.LinePart line: Line(text, new string(' ', 2 * line.Depth) + "- " + Paragraph(line.Text)); break;
                case Document.TablePart table: Table(text, table.Columns); break;
                case Document.StripPart strip: Fenced(text, strip.Columns); break;
            }
        }
        return text.ToString();
    }

    static void Table(StringBuilder text, Columns columns)
    {
        if (columns.Rows.Count == 0) return;
        Row(text, columns.Header ?? [.. columns.Alignment.Select(_ => "")], columns.Alignment.Length);
        Line(text, "|" + string.Concat(columns.Alignment.Select(side => side == 'r' ? " ---: |" : " --- |")));
        foreach (var row in columns.Rows) Row(text, row, columns.Alignment.Length);
    }

    static void Row(StringBuilder text, string[] cells, int count) =>
        Line(text, "| " + string.Join(" | ", cells.Select(Escaped).Concat(Enumerable.Repeat("", count - cells.Length))) + " |");

    // Only what is made of kinds, towers and numbers is fenced, and no line of it can begin with a fence.
    static void Fenced(StringBuilder text, Columns columns)
    {
        Line(text, "```text");
        foreach (var line in DocumentText.Lines(columns)) Line(text, line);
        Line(text, "```");
    }

    static void Line(StringBuilder text, string line) => text.Append(line.TrimEnd()).Append('\n');

    static string Escaped(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var letter in text.Trim())
            if (letter == '@') escaped.Append("@<!-- -->");
            else escaped.Append(Marks.Contains(letter) ? "\\" : "").Append(letter);
        return escaped.ToString();
    }

    // At the start of a paragraph a number with a point, or a dash, would begin a list.
    static string Paragraph(string text)
    {
        var escaped = Escaped(text);
        var digits = escaped.TakeWhile(letter => letter is >= '0' and <= '9').Count();
        return escaped.Length > digits && escaped[digits] is '.' or ')' or '-' or '+' or '=' && (digits > 0) == escaped[digits] is '.' or ')'
            ? escaped.Insert(digits, "\\")
            : escaped;
    }
}
