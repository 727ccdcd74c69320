using MmMamba.Runtime.Checkpoints;

namespace MmMamba.Runtime.Data;

/// <summary>Files by relative path: a folder's, or a zip's.</summary>
public abstract class PictureContainer : IDisposable
{
    /// <summary>Most bytes of one picture's file.</summary>
    public const int LargestFile = 64 << 20;

    /// <summary>Most files.</summary>
    public const int MostFiles = 2_000_000;

    /// <summary>The path that was opened.</summary>
    public abstract string Path { get; }

    /// <summary>Relative paths of all files, parts separated by slashes, in ordinal order.</summary>
    public abstract IReadOnlyList<string> Files { get; }

    /// <summary>A file's bytes. May be called from several threads at once.</summary>
    /// <param name="index">Index in <see cref="Files"/>.</param>
    /// <exception cref="InputException">The file can't be read whole, or is larger than <see cref="LargestFile"/>.</exception>
    public abstract byte[] Read(int index);

    /// <summary>What to call a file in messages.</summary>
    public string Name(int index) => $"{Path}/{Shown.Line(Files[index])}";

    /// <summary>Opens a folder, or a file as a zip.</summary>
    /// <exception cref="InputException">There is neither, or it can't be read, or a zip's entry leaves its folder.</exception>
    public static PictureContainer Open(string path)
    {
        if (Directory.Exists(path)) return new PictureFolder(path);
        if (File.Exists(path)) return new PictureArchive(path);
        throw new InputException($"{path}: no such file or folder; expected a folder or a zip of photographs in class folders.");
    }

    /// <inheritdoc/>
    public abstract void Dispose();
}
