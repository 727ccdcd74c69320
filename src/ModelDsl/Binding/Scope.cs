using System.Globalization;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>
/// The spec that is being bound, with everything that it extends merged in. Its diagnostics always stand in its own file: a
/// conflict with an inherited line is shown where this file caused it, or at its <c>extends</c>.
/// </summary>
/// <param name="cause">Where what has no place of its own is shown; otherwise it is <c>extends</c>.</param>
sealed class Scope(ParsedSpec spec, MappingNode own, MappingNode merged, Node? cause = null)
{
    readonly List<Diagnostic> _found = [];
    readonly HashSet<Diagnostic> _known = [];

    /// <summary>The same, with what was found so far; what one of them finds from now on the other doesn't.</summary>
    public Scope Fork()
    {
        var fork = new Scope(spec, own, merged, cause) { Towers = Towers, Layers = Layers, Written = Written };
        fork._found.AddRange(_found);
        fork._known.UnionWith(_known);
        return fork;
    }

    public ParsedSpec Spec => spec;
    /// <summary>What the file itself wrote.</summary>
    public MappingNode Own => own;
    /// <summary>What holds once the bases are merged in.</summary>
    public MappingNode Merged => merged;
    /// <summary>For each layer what its tower has, and what it has itself, as it is written; null until that is bound.</summary>
    public IReadOnlyList<MappingNode>? Towers { get; set; }
    /// <inheritdoc cref="Towers"/>
    public IReadOnlyList<MappingNode>? Layers { get; set; }
    /// <summary>What the model was bound from; null where it has errors.</summary>
    public WrittenSpec? Written { get; set; }
    public IReadOnlyList<Diagnostic> Found => _found;
    public bool HasErrors => _found.Any(diagnostic => diagnostic.Severity == Severity.Error);

    /// <summary>Where <c>extends</c> names the base; the model's or family's name where there is none.</summary>
    public Node Origin => cause ?? own.Get("extends") ?? own.Get("model") ?? own.Get("ablation") ?? own;

    public bool Wrote(Node node) => string.Equals(node.Path, spec.Path, StringComparison.Ordinal);

    /// <summary>Adds a diagnostic at the first of the places that this file wrote.</summary>
    /// <param name="places">From the best place to the least; the first names the line that the message speaks of.</param>
    public void Report(DiagnosticRule rule, IEnumerable<Node?> places, params object[] arguments)
    {
        var written = places.Where(place => place is not null).ToList();
        var at = written.Find(place => Wrote(place!)) ?? Origin;
        var diagnostic = rule.At(spec.Path, at.Span, arguments);
        if (written.Count > 0 && !Wrote(written[0]!))
            diagnostic = diagnostic with { Message = diagnostic.Message + string.Format(
                CultureInfo.InvariantCulture, " (from {0}:{1})", ParsedSpec.FileNameOf(written[0]!.Path), written[0]!.Span.StartLine) };
        // Towers that share a mistake report it once.
        if (_known.Add(diagnostic)) _found.Add(diagnostic);
    }

    /// <summary>Adds what was found with places of its own.</summary>
    public void Add(IEnumerable<Diagnostic> found)
    {
        foreach (var diagnostic in found)
            if (_known.Add(diagnostic)) _found.Add(diagnostic);
    }

    /// <summary>Adds what was found in an inherited line, at the place of this file that brought it up.</summary>
    public void Report(Diagnostic found, Node place) => Add(
        [found with { Path = spec.Path, Span = (Wrote(place) ? place : Origin).Span, Message = $"{found.Message} (from {ParsedSpec.FileNameOf(found.Path)}:{Quote.Number(found.Span.StartLine)})" }]);

    public void Report(DiagnosticRule rule, Node? place, params object[] arguments) => Report(rule, [place], arguments);
}
