using static TorchSharp.torch;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>The element types that safetensors names and libtorch holds.</summary>
static class ElementTypes
{
    static readonly (string Name, ScalarType Type, int Size)[] Known =
    [
        ("F64", ScalarType.Float64, 8), ("F32", ScalarType.Float32, 4), ("F16", ScalarType.Float16, 2), ("BF16", ScalarType.BFloat16, 2),
        ("I64", ScalarType.Int64, 8), ("I32", ScalarType.Int32, 4), ("I16", ScalarType.Int16, 2), ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1), ("BOOL", ScalarType.Bool, 1),
    ];

    public static string AllNames => string.Join(", ", Known.Select(known => known.Name));

    public static bool TryParse(string name, out ScalarType type)
    {
        foreach (var known in Known)
            if (known.Name == name)
            {
                type = known.Type;
                return true;
            }
        type = default;
        return false;
    }

    /// <summary>The name on disk, or null for a type that the format lacks.</summary>
    public static string? NameOf(ScalarType type)
    {
        foreach (var known in Known)
            if (known.Type == type) return known.Name;
        return null;
    }

    /// <summary>Bytes of one element.</summary>
    public static int SizeOf(ScalarType type)
    {
        foreach (var known in Known)
            if (known.Type == type) return known.Size;
        throw new ArgumentOutOfRangeException(nameof(type), type, "not an element type of safetensors");
    }
}
