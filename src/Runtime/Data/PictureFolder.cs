namespace MmMamba.Runtime.Data;

/// <summary>The files below a folder. Symbolic links are not followed.</summary>
public sealed class PictureFolder : PictureContainer
{
    const int DeepestFolder = 32;

    readonly string[] _files;

    /// <exception cref="InputException">The folder can't be read, or holds too many files.</exception>
    public PictureFolder(string path)
    {
        Path = System.IO.Path.TrimEndingDirectorySeparator(path);
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            MaxRecursionDepth = DeepestFolder,
            AttributesToSkip = FileAttributes.ReparsePoint,
            IgnoreInaccessible = false,
        };
        try
        {
            _files = [.. Directory.EnumerateFiles(path, "*", options).Take(MostFiles + 1)
                .Select(file => System.IO.Path.GetRelativePath(path, file).Replace(System.IO.Path.DirectorySeparatorChar, '/'))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: can't be read: {e.Message}", e);
        }
        if (_files.Length > MostFiles) throw new InputException($"{path}: holds more than {MostFiles:N0} files.");
        Array.Sort(_files, StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public override string Path { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> Files => _files;

    /// <inheritdoc/>
    public override byte[] Read(int index)
    {
        var path = System.IO.Path.Combine(Path, _files[index]);
        try
        {
            if (new FileInfo(path).Length > LargestFile) throw new InputException($"{Name(index)}: is larger than {LargestFile:N0} bytes.");
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{Name(index)}: can't be read: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public override void Dispose() { }
}
