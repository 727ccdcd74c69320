using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Syntax;

/// <summary>A piece of a spec's text: immutable, equal by value, and it knows the file and place that it came from, also after merging.</summary>
/// <param name="Path">The file that wrote it, as it was given to the parser.</param>
/// <param name="Span">Where in that file. A container's span runs from its start to its last child's end.</param>
public abstract record Node(string Path, Span Span);

/// <summary>What a plain scalar is by the core schema of YAML 1.2; a quoted or block scalar is always <see cref="Text"/>.</summary>
public enum ScalarKind
{
    /// <summary>Nothing was written.</summary>
    Empty,
    /// <summary><c>~</c> or <c>null</c>: takes an inherited value away.</summary>
    Null,
    Boolean,
    Integer,
    Float,
    Text,
}

/// <param name="Text">The value as written, escapes resolved.</param>
/// <param name="Number">
/// For numbers the canonical decimal text, such as <c>0.00001</c> for <c>1.0e-5</c>; null where the number has more digits than
/// <see cref="PlainScalar.MaxDigits"/>, or is infinite or not a number.
/// </param>
public sealed record ScalarNode(string Path, Span Span, string Text, ScalarKind Kind, string? Number) : Node(Path, Span);

public sealed record SequenceNode(string Path, Span Span, EquatableArray<Node> Items) : Node(Path, Span);

/// <param name="Replaces">A mark of composition: this mapping takes the place of what it overlays instead of being merged into it.</param>
public sealed record MappingNode(string Path, Span Span, EquatableArray<Entry> Entries, bool Replaces = false) : Node(Path, Span)
{
    /// <summary>The entry of a key, removal marks included; null where there is none.</summary>
    public Entry? Find(string key)
    {
        foreach (var entry in Entries)
            if (string.Equals(entry.Key.Text, key, StringComparison.Ordinal)) return entry;
        return null;
    }

    /// <summary>The value of a key; null where there is none or where it was removed.</summary>
    public Node? Get(string key) => Find(key)?.Value is { } value && value is not ScalarNode { Kind: ScalarKind.Null } ? value : null;
}

/// <param name="Provisional">
/// A mark of composition: a placement's <c>from</c> that was written before its form was. It patches a placement of that form, and goes with
/// one of the other form, which the form replaces.
/// </param>
public sealed record Entry(ScalarNode Key, Node Value, bool Provisional = false);
