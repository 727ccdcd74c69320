namespace MmMamba.Cli.Specs;

/// <summary>What a user names: a model or family by its name, or a spec file, and after <c>#</c> a member of the family that the file is.</summary>
/// <param name="File">The spec file; null for a name.</param>
/// <param name="Member">The member; null for the file's own model, and for a name.</param>
readonly record struct SpecArgument(string? File, string? Member)
{
    public static SpecArgument Parse(string text)
    {
        var mark = text.LastIndexOf('#');
        if (mark > 0 && IsFile(text[..mark])) return new(text[..mark], text[(mark + 1)..]);
        return IsFile(text) ? new(text, null) : default;
    }

    /// <summary>How the tool names a member of a family that is named so.</summary>
    public static string Of(string family, string member) => family + (IsFile(family) ? '#' : '.') + member;

    static bool IsFile(string text) => text.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) || text.EndsWith(".yml", StringComparison.OrdinalIgnoreCase);
}
