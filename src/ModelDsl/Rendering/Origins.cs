using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;
using static MmMamba.ModelDsl.Rendering.JsonText;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>Where every value of a model comes from: the canonical form, each value with the file and line that wrote it, and what it is there instead of.</summary>
public static class Origins
{
    /// <summary>Columns beyond which a long value no longer moves the others' origins to the right.</summary>
    const int Widest = 64;

    /// <summary>The form as YAML, the origins as comments in a column, what was taken away in comments below.</summary>
    public static string Text(WrittenModel of)
    {
        var (lines, removed) = Find(of);
        var width = lines.Where(line => line.Path is not null).Select(line => line.Text.Length).Where(length => length <= Widest).DefaultIfEmpty(0).Max();
        return string.Concat(lines.Select(line => (line.Path is null ? line.Text : line.Text.PadRight(width) + "  # " + Say(line.Origin!)) + "\n"))
            + string.Concat(removed.Select(one => $"# {Quote.Clean(one.Path)}: {Say(one.Origin, "none")}\n"));
    }

    /// <summary>
    /// The same for programs: path, value as YAML, whether it is a default, and the lines that it is from, is there instead of, and was
    /// taken away by.
    /// </summary>
    public static string Json(WrittenModel of)
    {
        var (lines, removed) = Find(of);
        return new JsonText()
            .Field("name", String(of.Model.Name))
            .Field("edition", Number(1))
            .Lines("settings", lines.Where(line => line.Path is not null).Select(line => Setting(line.Path!, line.Value, line.Origin!)))
            .Lines("removed", removed.Select(one => Setting(one.Path, null, one.Origin)))
            .ToString();
    }

    static (IReadOnlyList<CanonicalLine> Lines, IReadOnlyList<(string Path, Origin Origin)> Removed) Find(WrittenModel of)
    {
        var finder = new OriginFinder(of.Written);
        var lines = CanonicalSpec.Lines(of.Model, finder);
        // What is a default now is among the values already.
        bool IsThere(string path) => lines.Any(line => line.Path is { } at && (at == path || at.StartsWith(path + ".", StringComparison.Ordinal)));
        return (lines, [.. finder.Removed().Where(one => !IsThere(one.Path))]);
    }

    static string Setting(string path, string? value, Origin origin) => Inline(
        ("path", String(path)), ("value", String(value)), ("default", Flag(origin.IsDefault && value is not null)),
        ("from", Json(origin.Keys)), ("instead_of", Json(origin.InsteadOf)), ("taken_away_by", Json(origin.TakenAwayBy)));

    static string Json(EquatableArray<ScalarNode> keys) => List(Places(keys).Select(place => Inline(("file", String(place.File)), ("line", Number(place.Line)))));

    static string Say(Origin origin, string none = "default of edition 1")
    {
        var from = Places(origin.Keys).Select(Place);
        return string.Join(" and ", origin.IsDefault ? from.Append(none) : from) + Say(", instead of ", origin.InsteadOf) + Say(", taken away by ", origin.TakenAwayBy);
    }

    static string Say(string word, EquatableArray<ScalarNode> keys) => keys.Count == 0 ? "" : word + string.Join(" and ", Places(keys).Select(Place));

    static string Place((string File, int Line) place) => FormattableString.Invariant($"{Quote.Clean(place.File)}:{place.Line}");

    static IEnumerable<(string File, int Line)> Places(EquatableArray<ScalarNode> keys) =>
        keys.Select(key => (ParsedSpec.FileNameOf(key.Path), key.Span.StartLine)).Distinct();
}
