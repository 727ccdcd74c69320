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
    /// <summary>A spec without its errors.</summary>
    sealed record Mended(EquatableArray<Diagnostic> Errors, ParsedSpec Spec);

    /// <summary>What stands in, under the name of what it stands in for.</summary>
    sealed record Face(ResolvedModel Sound, ResolvedModel Model);

    // A spec stays broken while others are edited: as long as its errors are the same, so is what is left of it, and all that extends that.
    static readonly Kept<ParsedSpec, Mended> KeptSpecs = new();
    static readonly Kept<ParsedSpec, Face> KeptFaces = new();

    readonly IReadOnlyList<ParsedSpec> _specs;
    readonly ModelSet _mended;

    /// <param name="specs">All specs.</param>
    /// <param name="bound">The same, bound.</param>
    public StandIn(IReadOnlyList<ParsedSpec> specs, IReadOnlyList<BoundSpec> bound)
    {
        _specs = specs;
        // A base or teacher with errors is mended too, so that naming it is none here.
        var errors = bound.SelectMany(spec => spec.Diagnostics)
            .Where(found => found.Severity == Severity.Error && found.Id != Diagnostics.BrokenBase.Id && found.Id != Diagnostics.BrokenTeacher.Id)
            .ToLookup(found => found.Path);
        // Nothing stands in for a family, or needs one.
        var sound = specs.Where(spec => !spec.IsFamily).Select(spec => errors[spec.Path].Any() ? Mend(spec, [.. errors[spec.Path]]) : spec);
        _mended = ModelSet.Resolve(Catalog.Bind([.. sound]));
    }

    /// <summary>The stand-in of a spec that has a name, under that name; null where there is none.</summary>
    public ResolvedModel? For(ParsedSpec spec)
    {
        var seen = new HashSet<ParsedSpec>();
        for (var next = spec; next is not null && seen.Add(next); next = _specs.FirstOrDefault(other => other.Name == next.Extends))
            if ((_mended.Find(next.Name!) ?? Meant(next)) is { } sound)
                return KeptFaces.Of(spec, before => ReferenceEquals(before.Sound, sound),
                    () => new(sound, sound with { Name = spec.Name!, File = spec.FileName, Summary = "" })).Model;
        return null;
    }

    // A slip of the pen in `extends` costs the base, so it is looked up as it was meant.
    ResolvedModel? Meant(ParsedSpec spec) => spec.Extends is { } name && _specs.All(other => other.Name != name)
        && Suggestion.Nearest(name, _mended.Models.Select(model => model.Name)) is { } near ? _mended.Find(near) : null;

    static ParsedSpec Mend(ParsedSpec spec, EquatableArray<Diagnostic> errors) =>
        spec.Root is { } root ? KeptSpecs.Of(spec, before => before.Errors == errors,
            () => new(errors, SpecParser.Check(spec, Without(root, [.. errors.Select(error => error.Span)])))).Spec : spec;

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
