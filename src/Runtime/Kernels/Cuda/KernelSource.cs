using System.Security.Cryptography;
using System.Text;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>
/// A file of kernels. Its first line holds the SHA-256 of all lines below it as they were when their tests last passed on a GPU: where they differ, nobody
/// knows whether the kernels are right. A file that holds none yet is not used there.
/// </summary>
/// <param name="Name">The file's name.</param>
/// <param name="Text">All of it.</param>
sealed record KernelSource(string Name, string Text)
{
    const string Mark = "// Passed on a GPU: sha256 ", NotYet = "-";

    /// <summary>One decoded token of one sequence: files that are compiled one behind the other.</summary>
    public static IReadOnlyList<KernelSource> Decode { get; } = [Read("products.cu"), Read("stream.cu"), Read("ssm_step.cu"), Read("attend.cu")];

    /// <summary>Instructions that CUDA C++ has no words for; comes before the files that use them.</summary>
    public static KernelSource Ptx { get; } = Read("ptx.cu");

    /// <summary>The convolution and the scan of a Mamba-2 mixer over many tokens; compiled behind <see cref="Ptx"/>.</summary>
    public static IReadOnlyList<KernelSource> Mix { get; } = [Read("scan.cu"), Read("convolution.cu")];

    /// <summary>A mixer that is trained: files that are compiled one behind the other.</summary>
    public static IReadOnlyList<KernelSource> TrainedMixer { get; } = [Ptx, Read("mixer.cu"), Read("mixer_forward.cu"), Read("mixer_gradient.cu")];

    /// <summary>Numbers of both types in memory; behind <see cref="Ptx"/>, before the files of a layer's pointwise work.</summary>
    public static KernelSource Numbers { get; } = Read("numbers.cu");

    /// <summary>The residual stream and its norms.</summary>
    public static KernelSource Norm { get; } = Read("norm.cu");

    /// <summary>The gate of an MLP.</summary>
    public static KernelSource SwiGlu { get; } = Read("swiglu.cu");

    /// <summary>From a fused projection to what attention reads.</summary>
    public static KernelSource Rotary { get; } = Read("rotary.cu");

    /// <summary>Two parts of attention, put together.</summary>
    public static KernelSource Merge { get; } = Read("merge.cu");

    /// <summary>One decoded token of each of several sequences.</summary>
    public static IReadOnlyList<KernelSource> DecodeBatch { get; } = [Ptx, .. Decode, Read("batch.cu")];

    static readonly KernelSource BlockSum = Read("block_sum.cu");

    /// <summary>The norm over many tensors.</summary>
    public static IReadOnlyList<KernelSource> GradientNorm { get; } = [Ptx, BlockSum, Read("gradient_norm.cu")];

    /// <summary>A squared error; behind <see cref="Numbers"/>.</summary>
    public static IReadOnlyList<KernelSource> SquaredError { get; } = [BlockSum, Read("squared_error.cu")];

    /// <summary>Every file, once.</summary>
    public static IReadOnlyList<KernelSource> All { get; } = [.. DecodeBatch.Union(Mix).Union(TrainedMixer).Union(GradientNorm).Union(SquaredError).Union([Numbers, Norm, SwiGlu, Rotary, Merge])];

    /// <summary>SHA-256 of all lines below the first.</summary>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Text[(Text.IndexOf('\n', StringComparison.Ordinal) + 1)..])));

    /// <summary>Whether its tests have passed on a GPU, as far as its first line tells.</summary>
    public bool HasPassed => Passed is not (null or NotYet);

    /// <summary>The hash that the first line holds; null where it holds none.</summary>
    public string? Passed => Text.StartsWith(Mark, StringComparison.Ordinal) ? Text[Mark.Length..Text.IndexOf('\n', StringComparison.Ordinal)] : null;

    static KernelSource Read(string name)
    {
        using var stream = typeof(KernelSource).Assembly.GetManifestResourceStream($"MmMamba.Runtime.Kernels.Cuda.{name}")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return new(name, reader.ReadToEnd().ReplaceLineEndings("\n"));
    }
}
