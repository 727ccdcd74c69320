using MmMamba.Runtime.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>Numbers of the reference implementation, float32 on a CPU.</summary>
static class Golden
{
    public static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "goldens", file);

    public static SafetensorsFile Open(string file) => SafetensorsFile.Open(PathOf(file));

    /// <summary>All tensors of a file whose names begin with a prefix, by the rest of the name; on the CPU unless another device is named.</summary>
    public static Dictionary<string, Tensor> Read(string file, string prefix = "", Device? device = null)
    {
        using var tensors = Open(file);
        return tensors.Tensors.Where(tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(tensor => tensor.Name[prefix.Length..], tensor => tensors.Read(tensor.Name).to(device ?? CPU));
    }

    /// <summary>Fails where a tensor differs from the expected one by more than a share of the expected one's greatest value.</summary>
    public static void Close(Tensor expected, Tensor actual, double tolerance, string what)
    {
        Assert.Equal(expected.shape, actual.shape);
        var scale = expected.abs().max().item<float>();
        var difference = (expected.to(CPU) - actual.to(CPU)).abs().max().item<float>();
        Assert.True(difference <= tolerance * scale, FormattableString.Invariant($"{what}: differs by {difference:E2}, {difference / scale:E2} of its greatest value; allowed are {tolerance:E0}"));
    }
}
