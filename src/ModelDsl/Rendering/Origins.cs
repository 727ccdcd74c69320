using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;
using static MmMamba.ModelDsl.Rendering.JsonText;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>Where every value of a model comes from: the canonical form, each value with the file and line that wrote it.</summary>
public static class Origins
{
    /// <summary>Columns beyond which a long value no longer moves the others' origins to the right.</summary>
    const int Widest = 64;

    /// <summary>The form as YAML, the origins as comments in a column.</summary>
    /// <exception cref="ArgumentException">The spec has errors, and so no values.</exception>
    public static string Text(BoundSpec spec)
    {
        var lines = Lines(spec);
        var width = lines.Where(line => line.Path is not null).Select(line => line.Text.Length).Where(length => length <= Widest).DefaultIfEmpty(0).Max();
        return string.Concat(lines.Select(line => (line.Path is null ? line.Text : line.Text.PadRight(width) + "  # " + Place(line.Origin)) + "\n"));
    }

    /// <summary>The same for programs: path, value as YAML, file and line; a default has neither.</summary>
    /// <exception cref="ArgumentException">The spec has errors, and so no values.</exception>
    public static string Json(BoundSpec spec) => new JsonText()
        .Field("name", String(spec.Name))
        .Field("edition", Number(1))
        .Lines("settings", Lines(spec).Where(line => line.Path is not null).Select(line => Inline(
            ("path", String(line.Path)), ("value", String(line.Value)),
            ("file", String(line.Origin is { } origin ? ParsedSpec.FileNameOf(origin.Path) : null)),
            ("line", line.Origin is { } at ? Number(at.Span.StartLine) : "null"))))
        .ToString();

    static IReadOnlyList<CanonicalLine> Lines(BoundSpec spec) => spec is { Model: { } model, Written: { } written }
        ? CanonicalSpec.Lines(model, written)
        : throw new ArgumentException($"{spec.Path} has errors.", nameof(spec));

    static string Place(Node? origin) => origin is null
        ? "default of edition 1"
        : FormattableString.Invariant($"{Quote.Clean(ParsedSpec.FileNameOf(origin.Path))}:{origin.Span.StartLine}");
}
