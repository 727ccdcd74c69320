using MmMamba.ModelDsl.Specs;
using YamlDotNet.Core;

namespace MmMamba.ModelDsl.Syntax;

/// <summary>A comment of a file.</summary>
/// <param name="Text">From its <c>#</c> to the end of its line.</param>
/// <param name="Line">The line that it speaks of: its own where something stands before it, else the next one that isn't empty or a comment.</param>
public sealed record Comment(Span Span, string Text, int Line);

/// <summary>Finds the comments of a file as YAML does: a <c>#</c> inside of a text is none.</summary>
public static class Comments
{
    /// <summary>The comments, as far as the text can be read.</summary>
    public static EquatableArray<Comment> Of(string text)
    {
        if (text.StartsWith("\uFEFF", StringComparison.Ordinal)) text = text.Substring(1);
        var lines = new SourceLines(text);
        var found = new List<Comment>();
        try
        {
            var tokens = new Scanner(new StringReader(text), skipComments: false);
            while (tokens.MoveNext())
                if (tokens.Current is YamlDotNet.Core.Tokens.Comment comment) found.Add(Found(comment.Start, lines));
        }
        // What can't be scanned can't be read either, and that is the reader's to report.
        catch (Exception unreadable) when (unreadable is not OutOfMemoryException)
        {
        }
        return new(found);
    }

    static Comment Found(Mark start, SourceLines lines)
    {
        var (line, column) = ((int)start.Line, (int)start.Column);
        var whole = lines[line];
        var standsAlone = whole.Substring(0, Math.Min(column - 1, whole.Length)).Trim().Length == 0;
        var speaksOf = standsAlone ? lines.ContentFrom(line + 1) : line;
        return new(new(line, column, line, whole.Length + 1), whole.Substring(Math.Min(column - 1, whole.Length)), speaksOf);
    }
}
