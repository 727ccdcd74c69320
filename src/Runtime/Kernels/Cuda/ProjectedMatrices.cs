using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Native;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>What a mixer's input is multiplied with, matrices (rows, H) one below the other, as the kernels take them.</summary>
[StructLayout(LayoutKind.Sequential)]
struct ProjectedMatrices
{
    const int Most = 5;
    Addresses _at;
    Ends _end;

    /// <summary>Rows of all of them.</summary>
    public readonly int Rows => _end[Most - 1];

    /// <summary>Those of a layer.</summary>
    public static ProjectedMatrices Of(DecoderLayer layer)
    {
        IReadOnlyList<Tensor> weights = layer is Mamba2Layer mamba2 ? mamba2.Mixer.Projections : [((AttentionLayer)layer).Attention.Projection];
        var (matrices, rows) = (default(ProjectedMatrices), 0);
        for (var i = 0; i < Most; i++)
        {
            if (i < weights.Count)
            {
                matrices._at[i] = StableAbi.Address(weights[i]);
                rows += (int)weights[i].shape[0];
            }
            matrices._end[i] = rows;
        }
        return matrices;
    }

    [InlineArray(Most)]
    struct Addresses { nint _first; }

    [InlineArray(Most)]
    struct Ends { int _first; }
}
