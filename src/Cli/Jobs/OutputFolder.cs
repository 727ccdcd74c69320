using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;

namespace MmMamba.Cli.Jobs;

/// <summary>The folder that a run writes. It appears under its name when the run is done, and not at all when it fails.</summary>
sealed class OutputFolder : IDisposable
{
    readonly string _final;
    readonly string? _firstMade;

    OutputFolder(string final, string partial, string? firstMade) => (_final, Partial, _firstMade) = (final, partial, firstMade);

    /// <summary>Where the run writes meanwhile.</summary>
    public string Partial { get; }

    /// <exception cref="InputException">The name is taken, or can't be written to.</exception>
    public static OutputFolder Create(string path)
    {
        var final = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (File.Exists(final)) throw new InputException($"{path}: is a file; expected the name of a new folder.");
        if (Directory.Exists(final) && Directory.EnumerateFileSystemEntries(final).Any())
            throw new InputException($"{path}: the folder exists and isn't empty; name another with --output, or remove it.");
        var parent = Path.GetDirectoryName(final);
        var firstMade = parent is null || Directory.Exists(parent) ? null : parent;
        var partial = $"{final}.partial-{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(partial);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: can't be made: {e.Message}", e);
        }
        return new(final, partial, firstMade);
    }

    /// <summary>The path of a file in it.</summary>
    public string At(string name) => Path.Combine(Partial, name);

    /// <summary>Gives the folder its name, for good: what it lists and what it is called are on the disk then.</summary>
    public void Complete()
    {
        AtomicFile.FlushFolder(Partial);
        if (Directory.Exists(_final)) Directory.Delete(_final);
        Directory.Move(Partial, _final);
        AtomicFile.FlushFolder(Path.GetDirectoryName(_final)!);
    }

    /// <summary>Removes what was not completed, and the folder that was made for it.</summary>
    public void Dispose()
    {
        if (!Directory.Exists(Partial)) return;
        Directory.Delete(Partial, recursive: true);
        if (_firstMade is not null && Directory.Exists(_firstMade) && !Directory.EnumerateFileSystemEntries(_firstMade).Any()) Directory.Delete(_firstMade);
    }
}
