namespace MmMamba.Runtime.Vision;

/// <summary>A grid of square tiles.</summary>
/// <param name="Columns">Tiles in a row.</param>
/// <param name="Rows">Rows of tiles.</param>
public readonly record struct TileGrid(int Columns, int Rows)
{
    /// <summary>Tiles that the model sees: those of the grid and, beside more than one, the thumbnail of the whole.</summary>
    public int Tiles => Columns * Rows == 1 ? 1 : Columns * Rows + 1;
}

/// <summary>Dynamic tiling (InternVL 1.5, section 3.2): a picture becomes a grid of square tiles of nearly its own aspect ratio.</summary>
public static class Tiling
{
    /// <summary>
    /// The grid of at most <paramref name="maxTiles"/> tiles whose ratio is nearest to the picture's. Among equally near ones a larger
    /// grid is taken only if the picture has more than half of its pixels.
    /// </summary>
    /// <param name="width">Columns of the picture.</param>
    /// <param name="height">Rows of the picture.</param>
    /// <param name="side">Side of a tile, pixels.</param>
    /// <param name="maxTiles">Most tiles, the thumbnail not counted; at least 1.</param>
    public static TileGrid Choose(int width, int height, int side, int maxTiles)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxTiles, 1);
        var ratio = (double)width / height;
        var pixels = (double)width * height;
        var best = new TileGrid(1, 1);
        var nearest = double.PositiveInfinity;
        for (var area = 1; area <= maxTiles; area++)
            for (var columns = 1; columns <= area; columns++)
            {
                if (area % columns != 0) continue;
                var rows = area / columns;
                var distance = Math.Abs(ratio - (double)columns / rows);
                if (distance < nearest) nearest = distance;
                else if (distance != nearest || pixels <= 0.5 * side * side * area) continue;
                best = new(columns, rows);
            }
        return best;
    }

    /// <summary>The most tiles of each of several pictures of one conversation: they share the number.</summary>
    public static int Share(int maxTiles, int pictures) => Math.Max(1, maxTiles / Math.Max(1, pictures));

    /// <summary>The tiles of a picture, row by row, and last the thumbnail if there is more than one; each side x side.</summary>
    public static RgbImage[] Cut(RgbImage image, int side, int maxTiles)
    {
        var grid = Choose(image.Width, image.Height, side, maxTiles);
        var whole = PillowResize.Bicubic(image, grid.Columns * side, grid.Rows * side);
        if (grid.Tiles == 1) return [whole];
        var tiles = new RgbImage[grid.Tiles];
        for (var i = 0; i < tiles.Length - 1; i++)
            tiles[i] = whole.Crop(i % grid.Columns * side, i / grid.Columns * side, side, side);
        tiles[^1] = PillowResize.Bicubic(image, side, side);
        return tiles;
    }
}
