using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>
/// What stands in for models while their specs have mistakes: each without the lines that are wrong or, where too little is left, the
/// nearest sound model that it extends. Code that uses a model's layers, stages or counts then still compiles, and the mistake is
/// the only error.
/// </summary>
public sealed class StandIn
{
    readonly IReadOnlyList<ParsedSpec> _specs;
    readonly ModelSet _mended;

    /// <param name="specs">All specs.</param>
    /// <param name="bound">The same, bound.</param>
    public StandIn(IReadOnlyList<ParsedSpec> specs, IReadOnlyList<BoundSpec> bound)
    {
        _specs = specs;
        var errors = bound.SelectMany(spec => spec.Diagnostics).Where(found => found.Severity == Severity.Error).ToLookup(found => found.Path);
        // Nothing stands in for a family, or needs one.
        _mended = ModelSet.Resolve(Catalog.Bind([.. specs.Where(spec => !spec.IsFamily).Select(spec => errors[spec.Path].Any() ? Without(spec, errors[spec.Path]) : spec)]));
    }

    /// <summary>The stand-in of a spec that has a name, under that name; null where there is none.</summary>
    public ResolvedModel? For(ParsedSpec spec)
    {
        var seen = new HashSet<ParsedSpec>();
        for (var next = spec; next is not null && seen.Add(next); next = _specs.FirstOrDefault(other => other.Name == next.Extends))
            if ((_mended.Find(next.Name!) ?? Meant(next)) is { } sound)
                return sound with { Name = spec.Name!, File = spec.FileName, Summary = "" };
        return null;
    }

    // A slip of the pen in `extends` costs the base, so it is looked up as it was meant.
    ResolvedModel? Meant(ParsedSpec spec) => spec.Extends is { } name && _specs.All(other => other.Name != name)
        && Suggestion.Nearest(name, _mended.Models.Select(model => model.Name)) is { } near ? _mended.Find(near) : null;

    static ParsedSpec Without(ParsedSpec spec, IEnumerable<Diagnostic> errors) =>
        spec.Root is { } root ? SpecParser.Check(spec, Without(root, [.. errors.Select(error => error.Span)])) : spec;

    static MappingNode Without(MappingNode mapping, EquatableArray<Span> wrong) => new(mapping.Path, mapping.Span,
    [
        .. mapping.Entries.Where(entry => !wrong.Any(span => Holds(entry.Key.Span, span))).Select(entry => entry.Value switch
        {
            MappingNode inner when wrong.Any(span => inner.Span != span && Holds(inner.Span, span)) => new Entry(entry.Key, Without(inner, wrong)),
            { } value when wrong.Any(span => Holds(value.Span, span)) => null,
            _ => entry,
        }).OfType<Entry>(),
    ], mapping.Replaces);

    static bool Holds(Span outer, Span inner) => !Before(inner, outer.StartLine, outer.StartColumn) && Before(inner, outer.EndLine, outer.EndColumn);

    static bool Before(Span span, int line, int column) => span.StartLine < line || span.StartLine == line && span.StartColumn < column;
}
