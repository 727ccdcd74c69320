namespace MmMamba.Runtime.Data;

/// <param name="Class">Index of the class.</param>
/// <param name="Picture">Index of the picture in its class.</param>
/// <param name="Tag">The letter on its plate; null in a single picture.</param>
/// <param name="Block">Cells with the same number carry one content: each its own number, unless the mosaic is coarse.</param>
/// <param name="Mirrored">Whether the picture is seen in a mirror.</param>
/// <param name="ShiftX">Pixels to the right, out of a canvas cell; the picture's edge is repeated.</param>
/// <param name="ShiftY">Pixels downwards.</param>
public readonly record struct MosaicCell(int Class, int Picture, char? Tag, int Block, bool Mirrored, int ShiftX, int ShiftY);

/// <summary>The layout of a mosaic: what is in its cells, row by row.</summary>
/// <param name="Side">Cells a row and a column; 1 is a single picture.</param>
/// <param name="Cells">Side x Side cells, row-major.</param>
public sealed record Mosaic(int Side, IReadOnlyList<MosaicCell> Cells)
{
    /// <summary>Number of cells that carry a class.</summary>
    public int CountOf(int classIndex) => Cells.Count(cell => cell.Class == classIndex);
}
