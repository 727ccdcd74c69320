using System.Security.Cryptography;
using System.Text;
using MmMamba.Runtime.Checkpoints;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>
/// Machine code that was compiled before, a file each in a folder of the user's. A file begins with the SHA-256 of what follows; one that is damaged is
/// compiled again. Where nothing can be written, nothing is kept.
/// </summary>
/// <param name="folder">Where the files lie.</param>
sealed class CubinCache(string folder)
{
    /// <summary>The user's: <c>~/.cache/mmmamba/kernels</c>, or below <c>XDG_CACHE_HOME</c>; on Windows below the local application data.</summary>
    public static CubinCache OfUser { get; } = new(Path.Combine(Root, "mmmamba", "kernels"));

    static string Root => Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named && Path.IsPathFullyQualified(named) ? named
        : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");

    /// <summary>The code of a key, compiled where there is none.</summary>
    /// <param name="key">All that the code depends on: source, options, architecture, versions.</param>
    /// <param name="compile">Makes it.</param>
    public byte[] Get(IEnumerable<string> key, Func<byte[]> compile)
    {
        // A length before each part, so that no two lists are one text.
        var text = string.Concat(key.Select(part => FormattableString.Invariant($"{part.Length}:{part}")));
        var path = Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text))) + ".cubin");
        if (Read(path) is { } kept) return kept;
        var image = compile();
        try
        {
            AtomicFile.Write(path, (byte[])[.. SHA256.HashData(image), .. image]);
        }
        catch (InputException)
        {
            // Compiled again next time.
        }
        return image;
    }

    static byte[]? Read(string path)
    {
        try
        {
            if (!File.Exists(path)) return null;
            var all = File.ReadAllBytes(path);
            return all.Length > SHA256.HashSizeInBytes && SHA256.HashData(all.AsSpan(SHA256.HashSizeInBytes)).AsSpan().SequenceEqual(all.AsSpan(0, SHA256.HashSizeInBytes))
                ? all[SHA256.HashSizeInBytes..]
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
