using System.IO.Compression;
using MmMamba.Runtime.Checkpoints;

namespace MmMamba.Runtime.Data;

/// <summary>
/// The files of a zip. Nothing is unpacked to disk. What the archive says of sizes is checked against limits before a byte is inflated,
/// and again while it is, so that a small archive can't take the machine's memory or hours of its time.
/// </summary>
public sealed class PictureArchive : PictureContainer
{
    /// <summary>Most bytes of all files together, inflated.</summary>
    public const long LargestTotal = 64L << 30;

    readonly ZipArchive _zip;
    readonly ZipArchiveEntry[] _entries;
    readonly string[] _files;
    readonly Lock _reading = new();

    /// <exception cref="InputException">Not a zip, an entry that leaves its folder, or sizes beyond the limits.</exception>
    public PictureArchive(string path)
    {
        Path = path;
        try
        {
            _zip = ZipFile.OpenRead(path);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: not a zip that can be read: {e.Message}", e);
        }
        try
        {
            (_files, _entries) = Entries();
        }
        catch (InvalidDataException e)
        {
            _zip.Dispose();
            throw new InputException($"{path}: not a zip that can be read: {e.Message}", e);
        }
        catch
        {
            _zip.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override string Path { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Files => _files;

    /// <inheritdoc/>
    public override byte[] Read(int index)
    {
        var entry = _entries[index];
        if (entry.IsEncrypted) throw new InputException($"{Name(index)}: the entry is encrypted; expected a zip without a password.");
        if (entry.Length > LargestFile)
            throw new InputException($"{Name(index)}: the entry inflates to {entry.Length:N0} bytes, expected at most {LargestFile:N0}.");
        try
        {
            lock (_reading)
            {
                using var stream = entry.Open();
                var bytes = new byte[entry.Length];
                if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length || stream.ReadByte() >= 0)
                    throw new InputException(
                        $"{Name(index)}: the entry doesn't inflate to the {entry.Length:N0} bytes that the archive announces.");
                return bytes;
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new InputException($"{Name(index)}: the entry can't be read: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => _zip.Dispose();

    (string[] Files, ZipArchiveEntry[] Entries) Entries()
    {
        if (_zip.Entries.Count > MostFiles) throw new InputException($"{Path}: holds more than {MostFiles:N0} entries.");
        var total = 0L;
        var found = new List<(string Name, ZipArchiveEntry Entry)>();
        foreach (var entry in _zip.Entries)
        {
            // Archives made on Windows may separate with backslashes; read so, none may climb out either.
            var name = entry.FullName.Replace('\\', '/');
            if (name.StartsWith('/') || name.Contains('\0') || name.Length > 1 && name[1] == ':' || name.Split('/').Contains(".."))
                throw new InputException($"{Path}: the entry {Shown.Text(name)} leaves its folder; expected relative names without '..'.");
            if (name.EndsWith('/')) continue;
            if (entry.Length < 0 || (total += entry.Length) > LargestTotal)
                throw new InputException($"{Path}: the entries inflate to more than {LargestTotal:N0} bytes.");
            found.Add((name, entry));
        }
        found.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        for (var i = 1; i < found.Count; i++)
            if (found[i].Name == found[i - 1].Name) throw new InputException($"{Path}: holds the entry {Shown.Text(found[i].Name)} twice.");
        return ([.. found.Select(file => file.Name)], [.. found.Select(file => file.Entry)]);
    }
}
