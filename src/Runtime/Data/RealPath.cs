namespace MmMamba.Runtime.Data;

/// <summary>Paths with every symbolic link followed, in folders too.</summary>
static class RealPath
{
    const int MostLinks = 40;

    /// <summary>The path of what <paramref name="path"/> names in the end. Parts that don't exist are kept as they are.</summary>
    /// <exception cref="IOException">The links lead in a circle.</exception>
    public static string Of(string path)
    {
        var rest = new Stack<string>(Parts(Path.GetFullPath(path)).Reverse());
        var real = Path.GetPathRoot(Path.GetFullPath(path))!;
        var links = 0;
        while (rest.TryPop(out var part))
        {
            var next = Path.GetFullPath(Path.Combine(real, part));
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }
            if (++links > MostLinks) throw new IOException($"{path}: symbolic links lead in a circle");
            var followed = Path.GetFullPath(Path.Combine(real, target));
            real = Path.GetPathRoot(followed)!;
            foreach (var followedPart in Parts(followed).Reverse()) rest.Push(followedPart);
        }
        return real;
    }

    /// <summary>Whether a real path lies below a real folder.</summary>
    public static bool IsBelow(string folder, string path) =>
        path.StartsWith(Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    static string[] Parts(string full) => full[Path.GetPathRoot(full)!.Length..].Split(
        Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
}
