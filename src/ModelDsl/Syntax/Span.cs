namespace MmMamba.ModelDsl.Syntax;

/// <summary>A stretch of a file's text: lines and columns count from 1, the end is the column after the last character.</summary>
public readonly record struct Span(int StartLine, int StartColumn, int EndLine, int EndColumn)
{
    /// <summary>The first character of a file, for what has no place of its own.</summary>
    public static Span FileStart { get; } = new(1, 1, 1, 1);

    /// <summary>From this one's start to the other's end.</summary>
    public Span To(Span end) => this with { EndLine = end.EndLine, EndColumn = end.EndColumn };
}
