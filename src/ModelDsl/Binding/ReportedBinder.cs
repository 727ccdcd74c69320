using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>A file of reported figures, read and checked on its own; equal by value, positions included.</summary>
/// <param name="Path">Where the text comes from; a family names it relative to its own file.</param>
/// <param name="Root">The file's nodes; null where the text couldn't be read.</param>
public sealed record ParsedReport(string Path, MappingNode? Root, EquatableArray<Diagnostic> Diagnostics)
{
    /// <summary>Whether a file of this name may be one: any YAML that is no spec.</summary>
    public static bool MayBe(string path) => !SpecParser.IsSpec(path)
        && (path.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) || path.EndsWith(".yml", StringComparison.OrdinalIgnoreCase));

    /// <summary>Reads a file; any text gives a result, never an exception.</summary>
    public static ParsedReport Parse(SpecFile file)
    {
        var (root, _, problems) = SpecReader.Read(file.Path, file.Text);
        var found = new List<Diagnostic>(problems);
        if (root is not null)
        {
            var shapes = new ShapeChecker(file.Path, found);
            shapes.Check(root, FamilyShape.Reported, "a file of figures");
        }
        return new(file.Path, root, new(found));
    }
}

/// <summary>Finds the file that a family's <c>reported</c> names, and holds its rows against the members.</summary>
/// <param name="rows">Members and references.</param>
sealed class ReportedBinder(Scope scope, IReadOnlyCollection<string> rows, IReadOnlyList<ParsedReport> reports)
{
    public ReportedTable? Bind()
    {
        if (scope.Merged.Get("reported") is not ScalarNode written) return null;
        // The file that wrote the path is the one that it is relative to.
        var folder = ReportPath.Folder(written.Path);
        var path = ReportPath.In(folder, written.Text);
        var report = reports.FirstOrDefault(report => ReportPath.Canonical(report.Path) == path);
        if (report is null)
        {
            scope.Report(FamilyDiagnostics.UnknownReport, written, Quote.Of(written.Text),
                Suggestion.For(written.Text, [.. reports.Select(report => ReportPath.From(folder, report.Path)).OrderBy(known => known, StringComparer.Ordinal)]));
            return null;
        }
        scope.Add(report.Diagnostics);
        return report.Root is null || report.Diagnostics.Count > 0 ? null : Figures(report, (MappingNode)report.Root.Get("figures")!, scope.Wrote(written));
    }

    /// <param name="own">Whether this family named the table, so that each of its rows has to be one of the members.</param>
    ReportedTable Figures(ParsedReport report, MappingNode figures, bool own)
    {
        var (metrics, known) = (new List<string>(), new List<Entry>());
        foreach (var row in figures.Entries)
        {
            if (!rows.Contains(row.Key.Text))
            {
                // A family that extends another one may have fewer members than the table that it takes over.
                if (!own) continue;
                scope.Add([FamilyDiagnostics.UnknownRow.At(report.Path, row.Key.Span, Quote.Of(row.Key.Text), Quote.Of(scope.Spec.Name!), Suggestion.For(row.Key.Text, rows))]);
            }
            known.Add(row);
            foreach (var figure in ((MappingNode)row.Value).Entries)
                if (!metrics.Contains(figure.Key.Text)) metrics.Add(figure.Key.Text);
        }
        return new(ModelBinder.Text(report.Root!.Get("source"))!, new(metrics), [.. known.Select(row =>
            new ReportedRow(row.Key.Text, [.. metrics.Select(metric => ((MappingNode)row.Value).Get(metric) is { } figure ? Scalars.Number(figure) : null)]))]);
    }
}

/// <summary>Paths of files of figures, whichever slashes they are written with.</summary>
static class ReportPath
{
    /// <summary>The folder of a file, with a slash at its end; empty where the path has none.</summary>
    public static string Folder(string path) => Canonical(path) is var whole && whole.LastIndexOf('/') is var slash ? whole.Substring(0, slash + 1) : "";

    public static string In(string folder, string path) => Canonical(folder + path);

    /// <summary>A path as a family in the folder would write it.</summary>
    public static string From(string folder, string path) =>
        Canonical(path) is var whole && whole.StartsWith(folder, StringComparison.Ordinal) ? whole.Substring(folder.Length) : whole;

    /// <summary>The path with slashes, without <c>.</c> and, where a folder comes before it, <c>..</c>.</summary>
    public static string Canonical(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Replace('\\', '/').Split('/'))
        {
            if (part == ".") continue;
            if (part == ".." && parts.Count > 0 && parts[parts.Count - 1] is not (".." or "")) parts.RemoveAt(parts.Count - 1);
            else parts.Add(part);
        }
        return string.Join("/", parts);
    }
}
