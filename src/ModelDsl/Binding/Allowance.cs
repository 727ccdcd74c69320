using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>
/// A comment that lets a doubt stand: <c># mmmodel: allow MMD056, and why</c>, at the end of the line that it speaks of or alone on the
/// line above. It may name several; errors can't be allowed.
/// </summary>
/// <param name="Id">The warning or hint.</param>
/// <param name="Line">The line on which it may stand.</param>
/// <param name="Span">Where the id is written.</param>
public sealed record Allowance(string Id, int Line, Span Span)
{
    const string Marker = "mmmodel:", Verb = "allow";

    /// <summary>The allowances of a file.</summary>
    public static EquatableArray<Allowance> Read(SpecFile file, List<Diagnostic> found)
    {
        if (file.Text.Length > SpecReader.MaxBytes || file.Text.IndexOf(Marker, StringComparison.Ordinal) < 0) return [];
        return [.. Comments.Of(file.Text).SelectMany(comment => One(file.Path, comment, found))];
    }

    static IEnumerable<Allowance> One(string path, Comment comment, List<Diagnostic> found)
    {
        var words = Words(comment).ToList();
        // A key that is commented out, such as `# mmmodel: 1`, is no allowance.
        if (words.Count < 2 || words[0].Text != Marker) yield break;
        if (words[1].Text != Verb)
        {
            if (Suggestion.Nearest(words[1].Text, [Verb]) is not null)
                found.Add(Diagnostics.NotAnAllowance.At(path, words[1].Span, Quote.Of(words[1].Text), "did you mean `allow`?"));
            yield break;
        }
        var ids = words.Skip(2).TakeWhile(word => word.Text.StartsWith("MMD", StringComparison.OrdinalIgnoreCase)).ToList();
        if (ids.Count == 0) found.Add(Diagnostics.NotAnAllowance.At(path, words[1].Span, Quote.Of(Verb), "write the ids after it, such as `# mmmodel: allow MMD056`"));
        foreach (var (text, span) in ids)
        {
            if (Diagnostics.All.FirstOrDefault(rule => rule.Id == text) is not { } rule)
                found.Add(Diagnostics.NotAnAllowance.At(path, span, Quote.Of(text), Suggestion.For(text, [.. Diagnostics.All.Select(rule => rule.Id)])));
            else if (rule.Severity == Severity.Error) found.Add(Diagnostics.ErrorAllowed.At(path, span, text));
            else yield return new(text, comment.Line, span);
        }
    }

    /// <summary>The words of a comment, without commas.</summary>
    static IEnumerable<(string Text, Span Span)> Words(Comment comment)
    {
        for (var i = 1; i < comment.Text.Length;)
        {
            if (comment.Text[i] is ' ' or '\t' or ',') { i++; continue; }
            var end = i;
            while (end < comment.Text.Length && comment.Text[end] is not (' ' or '\t' or ',')) end++;
            var (line, column) = (comment.Span.StartLine, comment.Span.StartColumn);
            yield return (comment.Text.Substring(i, end - i), new(line, column + i, line, column + end));
            i = end;
        }
    }

    /// <summary>What remains of a file's diagnostics once the allowed ones are gone, and those allowances that nothing needed.</summary>
    public static IEnumerable<Diagnostic> Apply(ParsedSpec spec, IReadOnlyCollection<Diagnostic> found)
    {
        var allowed = new HashSet<(string, int)>(spec.Allowances.Select(one => (one.Id, one.Line)));
        foreach (var diagnostic in found)
            if (diagnostic.Severity == Severity.Error || !allowed.Contains((diagnostic.Id, diagnostic.Span.StartLine))) yield return diagnostic;
        // A file with errors is not looked at to its end, so nothing is known of what it would need.
        if (found.Any(diagnostic => diagnostic.Severity == Severity.Error)) yield break;
        var needed = new HashSet<(string, int)>(found.Select(diagnostic => (diagnostic.Id, diagnostic.Span.StartLine)));
        foreach (var one in spec.Allowances)
            if (!needed.Contains((one.Id, one.Line))) yield return Diagnostics.UnusedAllowance.At(spec.Path, one.Span, one.Id, one.Line);
    }
}
