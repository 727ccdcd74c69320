namespace MmMamba.Runtime.Data;

/// <summary>
/// Which class and which split a file belongs to, from its path. A class is the folder that holds the picture. A folder named
/// <c>train</c> or <c>test</c> above it names the split; holding pictures itself, it is a class of that name.
/// </summary>
static class ClassFolders
{
    static readonly string[] Extensions = [".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"];

    /// <param name="File">Index in its container.</param>
    /// <param name="Class">The class's name.</param>
    /// <param name="Split"><c>train</c>, <c>test</c>, or null where the path doesn't say.</param>
    public readonly record struct Placed(int File, string Class, string? Split);

    /// <summary>The place of a file, or null for one that is no picture or lies outside class folders.</summary>
    /// <exception cref="InputException">The class's name can't be used in questions.</exception>
    public static Placed? Place(PictureContainer container, int file)
    {
        var parts = container.Files[file].Split('/');
        var name = parts[^1];
        // The resource forks that macOS puts into archives are named like the pictures that they belong to.
        if (parts.Length < 2 || name.StartsWith('.') || parts.Contains("__MACOSX")) return null;
        if (!Extensions.Contains(Path.GetExtension(name).ToLowerInvariant())) return null;
        var split = parts.AsSpan(0, parts.Length - 2).IndexOfAny(DataSetWriter.Train, DataSetWriter.Test);
        return new(file, ClassName(container, file, parts[^2]), split < 0 ? null : parts[split]);
    }

    static string ClassName(PictureContainer container, int file, string folder)
    {
        var name = string.Join(' ', folder.ToLowerInvariant().Replace('_', ' ').Split(' ', StringSplitOptions.RemoveEmptyEntries));
        if (name.Length is 0 or > 60 || name.Any(c => char.IsControl(c) || c is '<' or '>' or '|'))
            throw new InputException(
                $"{container.Name(file)}: the folder's name can't name a class; expected 1 to 60 characters, " +
                "without '<', '>', '|' and control characters.");
        return name;
    }
}
