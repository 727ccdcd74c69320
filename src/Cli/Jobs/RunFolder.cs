using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;

namespace MmMamba.Cli.Jobs;

/// <summary>
/// The folder of a run: visible from the start, marked as unfinished until all of it is there, held by one process at a time, and taken up
/// again by the same command. What a run leaves before anything in it is worth keeping is removed.
/// </summary>
sealed partial class RunFolder : IDisposable
{
    /// <summary>Says that the run is not finished; the process that works on it holds a lock on it, which ends with the process.</summary>
    public const string Marker = "unfinished";

    /// <summary>What was asked.</summary>
    public const string Record = "run.json";

    /// <summary>The figures of every step.</summary>
    public const string Metrics = "metrics.jsonl";

    /// <summary>What the pictures of a set on disk showed when the run began.</summary>
    public const string Pictures = "pictures.jsonl";

    /// <summary>Where the figures lie as TensorBoard reads them.</summary>
    public const string Events = "tensorboard";

    const int MostMarker = 1000;

    readonly string _folder;
    readonly string? _firstMade;
    readonly FileStream? _lock;
    bool _completed;

    RunFolder(string path, string folder, string? firstMade, FileStream? held, bool isResumed) =>
        (Path, _folder, _firstMade, _lock, IsResumed) = (path, folder, firstMade, held, isResumed);

    /// <summary>The folder as it was named.</summary>
    public string Path { get; }

    /// <summary>The run was begun before, and goes on.</summary>
    public bool IsResumed { get; }

    /// <summary>The run was finished before: there is nothing to do.</summary>
    public bool IsFinished => _lock is null;

    /// <summary>Begins a run in a new folder, or takes up the one that the folder holds.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="asked">What decides on the run's results.</param>
    /// <param name="resume">Whether a run that is there is taken up; a folder that is not there yet begins one either way.</param>
    /// <param name="tell">Told what a person should know of going on.</param>
    /// <param name="results">Files in it without which a run is not finished, whatever was said of it before; none where nobody needs them again.</param>
    /// <exception cref="InputException">The name is taken, another process is at work there, the run there was asked for something else, or the folder can't be written to.</exception>
    public static RunFolder Open(string path, RunRecord asked, bool resume, Action<string> tell, params IEnumerable<string> results)
    {
        var folder = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        if (File.Exists(folder)) throw new InputException($"{path}: is a file; expected the name of a folder.");
        var record = System.IO.Path.Combine(folder, Record);
        var isUnfinished = File.Exists(System.IO.Path.Combine(folder, Marker))
            || File.Exists(record) && results.Any(result => !File.Exists(System.IO.Path.Combine(folder, result)));
        if (!isUnfinished && Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            if (!resume || !File.Exists(record)) throw new InputException($"{path}: the folder exists and isn't empty; name another with --output, or remove it.");
            asked.RequireSame(folder, tell);
            return new(path, folder, null, null, isResumed: true);
        }
        if (isUnfinished && !resume) throw new InputException($"{path}: holds a run that is not finished; go on with --resume, name another folder with --output, or remove it.");
        var firstMade = Directory.Exists(folder) ? null : FirstMade(folder);
        RunFolder? run = null;
        try
        {
            AtomicFile.MakeFolder(folder);
            var (held, made) = Hold(path, folder, firstMade);
            // Without a record it was not begun, or ended between marker and record: nothing else can be there yet.
            run = new(path, folder, made, held, isResumed: File.Exists(record));
            if (run.IsResumed) asked.RequireSame(folder, tell);
            else asked.Write(folder);
            foreach (var half in Directory.EnumerateFiles(folder, ".*.tmp", SearchOption.AllDirectories)) File.Delete(half);
            AtomicFile.FlushFolder(folder);
            return run;
        }
        catch (Exception e)
        {
            // A run that was there stays as it is.
            if (run is { IsResumed: true }) run._lock!.Dispose();
            else if (run is not null) run.Dispose();
            else RemoveMade(folder, firstMade);
            if (e is IOException or UnauthorizedAccessException) throw new InputException($"{path}: can't be written to: {e.Message}", e);
            throw;
        }
    }

    // The highest of the folders that have to be made, so that they can go again.
    static string FirstMade(string folder)
    {
        while (System.IO.Path.GetDirectoryName(folder) is { } parent && !Directory.Exists(parent)) folder = parent;
        return folder;
    }

    // The marker also keeps what was made for the run: it goes with a run that is taken up and comes to nothing, as with one that never stopped.
    static (FileStream Held, string? FirstMade) Hold(string path, string folder, string? firstMade)
    {
        const int wouldBlock = 11, wouldBlockOnMac = 35, sharingViolation = 32;
        try
        {
            var held = new FileStream(System.IO.Path.Combine(folder, Marker), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            var said = new byte[Math.Min(held.Length, MostMarker)];
            held.ReadExactly(said);
            firstMade ??= Above(folder, MadeBefore().Match(Encoding.ASCII.GetString(said)).Groups[1].Value);
            held.SetLength(0);
            held.Write("This run is not finished. The command that began it goes on with it when --resume is added.\n"u8);
            if (firstMade is not null) held.Write(Encoding.ASCII.GetBytes(Made(folder.Count(IsSeparator) - firstMade.Count(IsSeparator) + 1)));
            held.Flush(flushToDisk: true);
            return (held, firstMade);
        }
        catch (IOException e) when ((e.HResult & 0xFFFF) is wouldBlock or wouldBlockOnMac or sharingViolation)
        {
            throw new InputException($"{path}: another process is at work on this run; wait for it, or end it.", e);
        }
    }

    static bool IsSeparator(char letter) => letter == System.IO.Path.DirectorySeparatorChar;

    static string Made(int folders) => string.Create(CultureInfo.InvariantCulture, $"Folders that were made for it: {folders}\n");

    [GeneratedRegex("Folders that were made for it: ([1-9][0-9]?)\n")]
    private static partial Regex MadeBefore();

    // The highest of so many folders, itself the lowest.
    static string? Above(string folder, string count)
    {
        if (!int.TryParse(count, CultureInfo.InvariantCulture, out var folders)) return null;
        while (--folders > 0 && System.IO.Path.GetDirectoryName(folder) is { } parent) folder = parent;
        return folder;
    }

    /// <summary>The path of a file in it.</summary>
    public string At(string name) => System.IO.Path.Combine(_folder, name);

    /// <summary>Whether there is more than what every run begins with.</summary>
    public bool HoldsWork => Directory.Exists(_folder) && Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories)
        .Select(file => System.IO.Path.GetRelativePath(_folder, file))
        .Any(file => file is not (Marker or Record or Metrics or Pictures)
            && !file.StartsWith(Events + System.IO.Path.DirectorySeparatorChar, StringComparison.Ordinal) && !file.EndsWith(".tmp", StringComparison.Ordinal));

    /// <summary>The run is finished: all of it is on the disk when the marker goes.</summary>
    public void Complete()
    {
        if (At(TrainingStates.Folder) is var states && Directory.Exists(states) && !Directory.EnumerateFileSystemEntries(states).Any()) Directory.Delete(states);
        AtomicFile.FlushFolder(_folder);
        File.Delete(At(Marker));
        AtomicFile.FlushFolder(_folder);
        _completed = true;
    }

    /// <summary>Lets go of the folder; without any work in it, it goes, but for a folder that was there before.</summary>
    public void Dispose()
    {
        if (_lock is null) return;
        try
        {
            if (!_completed && !HoldsWork) Clear();
        }
        finally
        {
            _lock.Dispose();
        }
    }

    void Clear()
    {
        if (!Directory.Exists(_folder)) return;
        foreach (var folder in Directory.EnumerateDirectories(_folder)) Directory.Delete(folder, recursive: true);
        foreach (var file in Directory.EnumerateFiles(_folder)) File.Delete(file);
        RemoveMade(_folder, _firstMade);
    }

    // What was made goes, as long as nothing lies in it.
    static void RemoveMade(string folder, string? firstMade)
    {
        for (var at = folder; firstMade is not null && at?.Length >= firstMade.Length; at = System.IO.Path.GetDirectoryName(at))
        {
            if (!Directory.Exists(at)) continue;
            if (Directory.EnumerateFileSystemEntries(at).Any()) return;
            Directory.Delete(at);
        }
    }
}
