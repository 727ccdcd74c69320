using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Data;

/// <summary>Draws mosaics onto a square canvas.</summary>
/// <param name="pictures">Where the pictures come from.</param>
/// <param name="canvasSide">Side of the canvas, pixels.</param>
/// <param name="fixedCell">Side of every grid's cells, pixels; null divides the canvas.</param>
sealed class MosaicPainter(IPictureSource pictures, int canvasSide, int? fixedCell)
{
    /// <summary>Grey of what the grid leaves free.</summary>
    const byte Margin = 128;

    /// <summary>Side of a plate, pixels at scale 1: a glyph with its margin, no larger than a patch.</summary>
    const int Plate = 8;

    /// <summary>Side of a cell, pixels.</summary>
    public int CellSide(int grid) => fixedCell ?? canvasSide / grid;

    public RgbImage Paint(Mosaic mosaic)
    {
        var canvas = new byte[canvasSide * canvasSide * 3];
        var side = CellSide(mosaic.Side);
        if (side * mosaic.Side != canvasSide) canvas.AsSpan().Fill(Margin);
        var cellPixels = new byte[side * side * 3];
        for (var i = 0; i < mosaic.Cells.Count; i++)
        {
            var cell = mosaic.Cells[i];
            // Without a fixed side cells begin where exact thirds would, so that the margin is spread between them.
            var whole = fixedCell * mosaic.Side ?? canvasSide;
            var left = i % mosaic.Side * whole / mosaic.Side;
            var top = i / mosaic.Side * whole / mosaic.Side;
            var picture = pictures.Get(cell.Class, cell.Picture);
            ReadOnlySpan<byte> pixels = picture.Pixels;
            if (picture.Width != side)
            {
                SquareScaler.Scale(picture.Pixels, picture.Width, cellPixels, side);
                pixels = cellPixels;
            }
            Place(pixels, side, canvas, left, top, cell);
            if (cell.Tag is { } tag) DrawTag(tag, Math.Max(1, side / 32), canvas, left, top);
        }
        return new(canvasSide, canvasSide, canvas);
    }

    void Place(ReadOnlySpan<byte> pixels, int side, Span<byte> canvas, int left, int top, in MosaicCell cell)
    {
        for (var y = 0; y < side; y++)
        {
            var source = pixels.Slice(Math.Clamp(y - cell.ShiftY, 0, side - 1) * side * 3, side * 3);
            var target = canvas.Slice(((top + y) * canvasSide + left) * 3, side * 3);
            if (cell is { Mirrored: false, ShiftX: 0 })
            {
                source.CopyTo(target);
                continue;
            }
            for (var x = 0; x < side; x++)
            {
                var from = Math.Clamp(x - cell.ShiftX, 0, side - 1);
                if (cell.Mirrored) from = side - 1 - from;
                source.Slice(from * 3, 3).CopyTo(target[(x * 3)..]);
            }
        }
    }

    // Black on white, always at the same place of a cell: what varies there is the letter alone.
    void DrawTag(char tag, int scale, Span<byte> canvas, int left, int top)
    {
        for (var y = 0; y < Plate * scale; y++)
        {
            var row = canvas.Slice(((top + y) * canvasSide + left) * 3, Plate * scale * 3);
            row.Fill(255);
            var glyphRow = y / scale - 1;
            if (glyphRow is < 0 or >= BitmapFont.Height) continue;
            for (var x = 0; x < BitmapFont.Width; x++)
                if (BitmapFont.Pixel(tag, x, glyphRow)) row.Slice((x + 1) * scale * 3, scale * 3).Clear();
        }
    }
}
