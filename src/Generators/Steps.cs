namespace MmMamba.Generators;

/// <summary>Names of the pipeline's steps, by which tests ask what ran again.</summary>
public static class Steps
{
    /// <summary>One spec, read and checked by itself.</summary>
    public const string Parsed = "Parsed";

    /// <summary>One file of figures that a family may report, read and checked by itself.</summary>
    public const string Reports = "Reports";

    /// <summary>All specs together: bound, resolved, and split into what is emitted.</summary>
    public const string Catalog = "Catalog";

    /// <summary>What the project says about generated code.</summary>
    public const string Target = "Target";

    /// <summary>Files to emit: a model's class, a family's registry, or the stub of a spec with mistakes; one a step.</summary>
    public const string Files = "Files";

    /// <summary>The same, with what the project says.</summary>
    public const string Targeted = "Targeted";

    /// <summary>All steps.</summary>
    public static IReadOnlyList<string> All { get; } = [Parsed, Reports, Catalog, Target, Files, Targeted];
}
