namespace MmMamba.ModelDsl.Binding;

/// <summary>The keys of an ablation family, and those of the figures that a paper reports of it.</summary>
static class FamilyShape
{
    /// <summary>Members that a family may have.</summary>
    public const int MaxMembers = 100;

    /// <summary>Different layers that its members may have together.</summary>
    public const int MaxLayers = 4096;

    const string TowerLike = "^[a-z]([a-z0-9_]*[a-z])?$", ClassLike = "^[A-Z][A-Za-z0-9_]{0,99}$";

    /// <summary>An axis: the place that it sets, and the values that it sets there.</summary>
    public static MappingShape Axis { get; } = new(
        new("set", new TextShape(), true, Says: "The place that is varied, as keys with dots between them: `layers.attention.from`."),
        new("to", new ListShape("values", new AnyShape()), true,
            Says: "What stands there in turn. A value that no name can be made of has one of its own: `{ NAME: value }`."));

    /// <summary>Where an axis may set a value: whatever a model inherits.</summary>
    public static MappingShape Places { get; } = new([.. SpecShape.Root.Keys.Where(key => !key.Own)]);

    /// <summary>What a variant may lay over its base: the same, and a summary of its own.</summary>
    public static MappingShape Variant { get; } = new([new KeyShape("summary", new TextShape(), Says: "One sentence for readers."), .. Places.Keys]);

    /// <summary>A family.</summary>
    public static MappingShape Root { get; } = new(
        new("mmmodel", new EditionShape(), true, Own: true, Says: "The edition of the language; it fixes defaults and formulas."),
        new("ablation", new IdentifierShape(), true, Own: true, Says: "The family's name, and that of the generated registry."),
        new("extends", new ModelNameShape(), Own: true, Says: "The family whose spec this one overlays."),
        new("summary", new TextShape(), Own: true, Says: "One sentence for readers."),
        new("of", new ModelNameShape(), true, Says: "The model that every member is a variant of."),
        new("axes", new NamedShape("an axis", "small letters, digits and underscores that end with a letter", TowerLike, Identifiers.IsTowerName, Axis),
            Says: "What is varied, by name. Members are the product of the axes in the order written, the first one slowest."),
        new("variants", new NamedShape("a member", MemberNames.Expected, ClassLike, Identifiers.IsClassName, Variant),
            Says: "Members by name that no axes make, each as what it lays over the model."),
        new("control", new ControlShape(), Says: "The member that equals the model, so that its run is shared and not repeated."),
        new("reference", new ListShape("models", new ModelNameShape(), distinct: true), Says: "Models that are shown beside the members."),
        new("reported", new TextShape(), Says: "A file of figures that a paper reports, relative to this one: shown beside what is measured, and never expected of it."));

    /// <summary>Figures that a paper reports, by member.</summary>
    public static MappingShape Reported { get; } = new(
        new("source", new TextShape(), true, Own: true, Says: "Where the figures are from."),
        new("figures", new NamedShape("a member", MemberNames.Expected, ClassLike, Identifiers.IsClassName,
            new NamedShape("a figure", "at most 40 printable ASCII characters", "^[!-~]{1,40}$", IsFigureName, new FigureShape(), removable: false), removable: false), true, Own: true,
            Says: "A row for each member or reference that the paper has."));

    static bool IsFigureName(string name) => name.Length is > 0 and <= 40 && name.All(c => c is > ' ' and <= '~');
}

/// <summary>A mapping whose keys are names that the file chooses.</summary>
/// <param name="what">What a key names, with its article.</param>
/// <param name="names">What a name looks like, in words.</param>
/// <param name="pattern">The same as a regular expression.</param>
/// <param name="isName">Whether a key is one.</param>
/// <param name="item">What stands at each key.</param>
/// <param name="removable">Whether <c>~</c> may take a key away: where files overlay one another.</param>
sealed class NamedShape(string what, string names, string pattern, Func<string, bool> isName, Shape item, bool removable = true) : Shape
{
    public bool Removable => removable;
    public string What => what;
    public string Names => names;
    public string Pattern => pattern;
    public Shape Item => item;
    public bool IsName(string text) => isName(text);
    public override string Expected => $"a mapping from the name of {what} to {item.Expected}";
}

/// <summary>Whatever the place that it is meant for takes; that is known once the families below are.</summary>
sealed class AnyShape : Shape
{
    public override string Expected => "a value";
}

/// <summary>The member that equals the base: by name, or by its value on each axis.</summary>
sealed class ControlShape : Shape
{
    public override string Expected => "the name of a member, or a value for each axis, such as `{ from: head, pattern: interleaved }`";
}

/// <summary>A figure of a paper, <c>.nan</c> where it has none.</summary>
sealed class FigureShape : Shape
{
    const decimal Largest = 1e15m;

    public static bool IsMissing(Syntax.Node node) => node is Syntax.ScalarNode { Kind: Syntax.ScalarKind.Float, Number: null, Text: ".nan" or ".NaN" or ".NAN" };

    public static bool Holds(Syntax.Node node) => IsMissing(node) || (Scalars.Number(node) is { } value && Math.Abs(value) <= Largest);

    public override string Expected => "a number, or `.nan` where the paper has none";
}
