using System.Security.Cryptography;
using System.Text;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>
/// A file of kernels. Its first line holds the SHA-256 of all lines below it as they were when their tests last passed on a GPU: where they differ, nobody
/// knows whether the kernels are right.
/// </summary>
/// <param name="Name">The file's name.</param>
/// <param name="Text">All of it.</param>
sealed record KernelSource(string Name, string Text)
{
    const string Mark = "// Passed on a GPU: sha256 ";

    /// <summary>One decoded token: files that are compiled one behind the other.</summary>
    public static IReadOnlyList<KernelSource> Decode { get; } = [Read("products.cu"), Read("stream.cu"), Read("ssm_step.cu"), Read("attend.cu")];

    /// <summary>Instructions that CUDA C++ has no words for; comes before the files that use them.</summary>
    public static KernelSource Ptx { get; } = Read("ptx.cu");

    /// <summary>A mixer that is trained: files that are compiled one behind the other.</summary>
    public static IReadOnlyList<KernelSource> TrainedMixer { get; } = [Ptx, Read("mixer.cu"), Read("mixer_forward.cu"), Read("mixer_gradient.cu")];

    /// <summary>The norm over many tensors.</summary>
    public static IReadOnlyList<KernelSource> GradientNorm { get; } = [Ptx, Read("gradient_norm.cu")];

    /// <summary>All files.</summary>
    public static IReadOnlyList<KernelSource> All { get; } = [.. Decode.Concat(TrainedMixer).Concat(GradientNorm).Distinct()];

    /// <summary>SHA-256 of all lines but the first.</summary>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text[(Text.IndexOf('\n', StringComparison.Ordinal) + 1)..])));

    /// <summary>The hash that the first line holds; null where it holds none.</summary>
    public string? Passed => Text.StartsWith(Mark, StringComparison.Ordinal) ? Text[Mark.Length..Text.IndexOf('\n', StringComparison.Ordinal)] : null;

    static KernelSource Read(string name)
    {
        using var stream = typeof(KernelSource).Assembly.GetManifestResourceStream($"MmMamba.Runtime.Kernels.Cuda.{name}")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return new(name, reader.ReadToEnd().ReplaceLineEndings("\n"));
    }
}
