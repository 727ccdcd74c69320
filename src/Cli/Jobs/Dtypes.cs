using TorchSharp;

namespace MmMamba.Cli.Jobs;

/// <summary>Types of tensors as the tool and <c>config.json</c> call them: <c>float32</c>, <c>bfloat16</c>.</summary>
static class Dtypes
{
    public static string NameOf(torch.ScalarType type) => type.ToString().ToLowerInvariant();

    /// <summary>Bytes of a number.</summary>
    public static int BytesOf(torch.ScalarType type) => type == torch.ScalarType.Float32 ? 4 : 2;

    /// <summary>The type of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static torch.ScalarType Parse(string name) => Enum.Parse<torch.ScalarType>(name, ignoreCase: true);
}
