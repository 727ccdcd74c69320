using MmMamba.Runtime;

namespace MmMamba.Cli.Jobs;

/// <summary>The folder that a run writes. It appears under its name when the run is done, and not at all when it fails.</summary>
sealed class OutputFolder : IDisposable
{
    readonly string _final;

    OutputFolder(string final, string partial) => (_final, Partial) = (final, partial);

    /// <summary>Where the run writes meanwhile.</summary>
    public string Partial { get; }

    /// <exception cref="InputException">The name is taken, or can't be written to.</exception>
    public static OutputFolder Create(string path)
    {
        var final = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (File.Exists(final)) throw new InputException($"{path}: is a file; expected the name of a new folder.");
        if (Directory.Exists(final) && Directory.EnumerateFileSystemEntries(final).Any())
            throw new InputException($"{path}: the folder exists and isn't empty; name another with --output, or remove it.");
        var partial = $"{final}.partial-{Environment.ProcessId}";
        Directory.CreateDirectory(partial);
        return new(final, partial);
    }

    public string At(string name) => Path.Combine(Partial, name);

    /// <summary>Gives the folder its name.</summary>
    public void Complete()
    {
        if (Directory.Exists(_final)) Directory.Delete(_final);
        Directory.Move(Partial, _final);
    }

    public void Dispose()
    {
        if (Directory.Exists(Partial)) Directory.Delete(Partial, recursive: true);
    }
}
