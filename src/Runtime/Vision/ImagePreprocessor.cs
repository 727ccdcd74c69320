using MmMamba.Runtime.Plans;

namespace MmMamba.Runtime.Vision;

/// <summary>A picture as the model takes it.</summary>
/// <param name="Values">Normalised pixels, (tiles, 3, side, side).</param>
/// <param name="Tiles">Number of tiles, the thumbnail counted.</param>
public readonly record struct PixelTiles(float[] Values, int Tiles);

/// <summary>From a picture to a model's pixel values: tiling, resizing, normalisation. Safe for use from several threads.</summary>
public sealed class ImagePreprocessor
{
    readonly PixelNormalization _normalization;

    /// <param name="plan">Side of a tile, most tiles and normalisation.</param>
    /// <exception cref="InputException">The plan names an unknown normalisation.</exception>
    public ImagePreprocessor(VisionPlan plan)
    {
        Plan = plan;
        _normalization = PixelNormalization.Of(plan.Normalize);
    }

    /// <summary>What the pictures are made for.</summary>
    public VisionPlan Plan { get; }

    /// <summary>Values of one tile: 3 * side * side.</summary>
    public int ValuesPerTile => 3 * Plan.Image * Plan.Image;

    /// <summary>Tiles that a picture of a size becomes, the thumbnail counted.</summary>
    public int CountTiles(int width, int height, int pictures = 1) => Choose(width, height, pictures).Tiles;

    /// <summary>The picture's tiles, normalised.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="pictures">Pictures of the conversation, which share the plan's most tiles.</param>
    public PixelTiles Process(RgbImage image, int pictures = 1)
    {
        var tiles = CountTiles(image.Width, image.Height, pictures);
        var values = new float[tiles * ValuesPerTile];
        Process(image, values, pictures);
        return new(values, tiles);
    }

    /// <summary>Writes the picture's tiles, normalised, to where they belong, and returns their number.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="destination">At least tiles * <see cref="ValuesPerTile"/> values.</param>
    /// <param name="pictures">Pictures of the conversation, which share the plan's most tiles.</param>
    public int Process(RgbImage image, Span<float> destination, int pictures = 1)
    {
        var side = Plan.Image;
        var grid = Choose(image.Width, image.Height, pictures);
        var whole = PillowResize.Bicubic(image, grid.Columns * side, grid.Rows * side);
        for (var i = 0; i < grid.Columns * grid.Rows; i++)
            _normalization.Write(whole, i % grid.Columns * side, i / grid.Columns * side, side, Tile(destination, i));
        if (grid.Tiles > 1)
            _normalization.Write(PillowResize.Bicubic(image, side, side), 0, 0, side, Tile(destination, grid.Tiles - 1));
        return grid.Tiles;
    }

    Span<float> Tile(Span<float> destination, int index) => destination.Slice(index * ValuesPerTile, ValuesPerTile);

    TileGrid Choose(int width, int height, int pictures) => Tiling.Choose(width, height, Plan.Image, Tiling.Share(Plan.MaxTiles, pictures));
}
