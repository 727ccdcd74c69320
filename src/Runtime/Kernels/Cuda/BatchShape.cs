using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>
/// How the products of several vectors are cut into blocks (<c>batch.cu</c>): a block has some sequences, 8 at a time, and some rows; of long rows some blocks have
/// a part of the columns each, so that the vectors that a block reads are few beside its weights.
/// </summary>
/// <param name="Sequences">Vectors in all.</param>
/// <param name="Tiles">How many times 8 sequences a block has.</param>
/// <param name="ElementBytes">Bytes of a weight.</param>
sealed record BatchShape(int Sequences, int Tiles, int ElementBytes)
{
    /// <summary>The most sequences.</summary>
    public const int Most = 64;

    // Sums of more would not fit into the registers beside the weights that are under way.
    const int MostTiles = 4;
    const int Warps = 8, Threads = 32 * Warps, RowsOfTile = 16, LoadBytes = 16;

    /// <summary>The shape for a model's layers; null where a block's vectors don't fit into its shared memory.</summary>
    /// <param name="mostShared">Bytes of it.</param>
    public static BatchShape? Of(ModelPlan plan, ScalarType dtype, int sequences, int mostShared)
    {
        var all = (sequences + 7) / 8;
        for (var groups = (all + MostTiles - 1) / MostTiles; groups <= all; groups++)
        {
            var shape = new BatchShape(sequences, (all + groups - 1) / groups, dtype == ScalarType.BFloat16 ? 2 : 4);
            var widths = plan.Layers.SelectMany(layer => (int[])[layer.MlpHidden, layer.Mixer.Heads * layer.Mixer.HeadDim]);
            if (shape.SharedBytes(plan.HiddenSize, 1, two: true) <= mostShared && widths.All(width => shape.SharedBytes(width, shape.Splits(width)) <= mostShared)) return shape;
        }
        return null;
    }

    /// <summary>Groups of sequences, each of which goes through the weights by itself.</summary>
    public int Groups => (Sequences + 8 * Tiles - 1) / (8 * Tiles);

    // Columns that the lanes of a row hold at once, 4 of them with a load each.
    int Unit => 4 * LoadBytes / ElementBytes;

    /// <summary>Blocks that share the columns of an output matrix.</summary>
    public int Splits(int columns)
    {
        // The more vectors, the fewer of their columns to a block.
        var units = Warps * (Tiles > 2 ? 4 : 8);
        return (columns + Unit * units - 1) / (Unit * units);
    }

    int UnitsOfWarp(int columns, int splits) => ((columns + Unit - 1) / Unit + splits * Warps - 1) / (splits * Warps);

    /// <summary>Tiles of 16 rows that a block has side by side.</summary>
    public int Tall(int columns, int splits) => UnitsOfWarp(columns, splits) <= 4 ? 2 : 1;

    /// <summary>Shared memory of a block: its vectors' numbers, and the sums of its warps.</summary>
    /// <param name="two">Whether it has two matrices side by side.</param>
    public int SharedBytes(int columns, int splits, bool two = false) =>
        UnitsOfWarp(columns, splits) * Tiles * Threads * LoadBytes
        + Warps * (two ? 2 : Tall(columns, splits)) * RowsOfTile * (8 * Tiles + (Tiles % 2 == 0 ? 8 : 0)) * sizeof(float);

    /// <summary>Blocks, no more than run at once: those over rows and the groups and splits of each.</summary>
    public (int X, int Y) Grid(int rows, int columns, int splits, int multiprocessors, bool two = false)
    {
        var height = RowsOfTile * (two ? 1 : Tall(columns, splits));
        var ofMultiprocessor = Tiles > 2 ? 1 : 2;
        var others = Groups * splits;
        return (Math.Clamp(multiprocessors * ofMultiprocessor / others, 1, (rows + height - 1) / height), others);
    }
}
