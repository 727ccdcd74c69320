namespace MmMamba.Runtime.Checkpoints;

/// <summary>Files that people offer for a checkpoint and that are something else, known by their first bytes.</summary>
static class ForeignFormat
{
    public static string? Name(ReadOnlySpan<byte> start) => start switch
    {
        [(byte)'P', (byte)'K', 3 or 5, 4 or 6, ..] => "a zip archive (a PyTorch .pt or .bin checkpoint is one, and holds a pickle)",
        [0x80, >= 2 and <= 5, ..] => "a Python pickle",
        [(byte)'G', (byte)'G', (byte)'U', (byte)'F', ..] => "a GGUF file",
        [0x89, (byte)'H', (byte)'D', (byte)'F', ..] => "an HDF5 file",
        [0x1f, 0x8b, ..] => "a gzip file",
        _ when start.StartsWith("version https://git-lfs"u8) => "a Git LFS pointer (the file itself was not fetched)",
        _ when start.StartsWith("<!DOCTYPE"u8) || start.StartsWith("<html"u8) => "a web page",
        _ => null,
    };
}
