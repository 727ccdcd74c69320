using CsCheck;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Tests.Vision;

public class TilingTests
{
    [Theory]
    [InlineData(448, 448, 12, 1, 1, 1)]
    [InlineData(640, 480, 12, 4, 3, 13)]
    [InlineData(1920, 1080, 12, 4, 2, 9)]
    [InlineData(448, 896, 12, 1, 2, 3)]
    [InlineData(633, 1266, 12, 1, 2, 3)]     // 801,378 pixels
    [InlineData(634, 1268, 12, 2, 4, 9)]     // 803,912: more than half of the larger grid's
    [InlineData(1792, 896, 12, 4, 2, 9)]
    [InlineData(100, 10_000, 12, 1, 12, 13)]
    [InlineData(10_000, 100, 6, 6, 1, 7)]
    [InlineData(640, 480, 1, 1, 1, 1)]
    [InlineData(800, 1000, 6, 2, 3, 7)]
    [InlineData(3000, 3000, 12, 3, 3, 10)]
    public void A_picture_takes_the_grid_of_the_nearest_ratio(int width, int height, int maxTiles, int columns, int rows, int tiles)
    {
        var grid = Tiling.Choose(width, height, 448, maxTiles);
        Assert.Equal(new TileGrid(columns, rows), grid);
        Assert.Equal(tiles, grid.Tiles);
    }

    [Fact]
    public void The_bound_between_equal_ratios_is_half_the_larger_grid_s_pixels()
    {
        // 72 pixels are exactly half of 2 x 2 tiles of 6 x 6; 1 x 1 and 2 x 2 are equally near to 9 : 8.
        Assert.Equal(new TileGrid(1, 1), Tiling.Choose(9, 8, 6, 4));
        Assert.Equal(new TileGrid(2, 2), Tiling.Choose(9, 9, 6, 4));
    }

    [Fact]
    public void No_grid_within_the_bound_is_nearer() => Gen.Select(Gen.Int[1, 3000], Gen.Int[1, 3000], Gen.Int[1, 24]).Sample((width, height, maxTiles) =>
    {
        var grid = Tiling.Choose(width, height, 448, maxTiles);
        var distance = Distance(grid.Columns, grid.Rows);
        Assert.InRange(grid.Columns * grid.Rows, 1, maxTiles);
        for (var columns = 1; columns <= maxTiles; columns++)
            for (var rows = 1; columns * rows <= maxTiles; rows++)
                Assert.True(distance <= Distance(columns, rows));

        double Distance(int columns, int rows) => Math.Abs((double)width / height - (double)columns / rows);
    }, iter: 500, threads: 1);

    [Theory]
    [InlineData(12, 1, 12)]
    [InlineData(12, 5, 2)]
    [InlineData(12, 13, 1)]
    [InlineData(1, 3, 1)]
    [InlineData(6, 0, 6)]
    public void Pictures_of_one_conversation_share_the_tiles(int maxTiles, int pictures, int each) => Assert.Equal(each, Tiling.Share(maxTiles, pictures));

    [Fact]
    public void One_tile_has_no_thumbnail_and_several_end_with_it()
    {
        var image = Picture(50, 20);
        Assert.Single(Tiling.Cut(image, 16, 1));
        var tiles = Tiling.Cut(image, 16, 2);
        Assert.Equal(3, tiles.Length);
        Assert.Equal(PillowResize.Bicubic(image, 16, 16).Pixels, tiles[2].Pixels);
        Assert.Equal(PillowResize.Bicubic(image, 32, 16).Crop(16, 0, 16, 16).Pixels, tiles[1].Pixels);
    }

    [Fact]
    public void A_picture_of_a_tile_s_size_keeps_its_pixels()
    {
        var image = Picture(16, 16);
        var (values, tiles) = new ImagePreprocessor(Plan(maxTiles: 1)).Process(image);
        Assert.Equal(1, tiles);
        Assert.Equal((image.Pixels[1] / 255f - 0.456f) / 0.224f, values[256]);
        Assert.Equal((image.Pixels[^1] / 255f - 0.406f) / 0.225f, values[^1]);
    }

    [Fact]
    public void Several_pictures_get_fewer_tiles()
    {
        var preprocessor = new ImagePreprocessor(Plan(maxTiles: 12));
        Assert.Equal(13, preprocessor.CountTiles(640, 480));
        Assert.Equal(5, preprocessor.CountTiles(480, 480, pictures: 3));
        Assert.Equal(1, preprocessor.Process(Picture(64, 48), pictures: 12).Tiles);
    }

    [Fact]
    public void An_unknown_normalisation_is_named()
    {
        var e = Assert.Throws<InputException>(() => new ImagePreprocessor(Plan(1) with { Normalize = "clip" }));
        Assert.Equal("vision.normalize: no normalisation is called 'clip'; expected imagenet", e.Message);
    }

    static VisionPlan Plan(int maxTiles) => new(16, 4, maxTiles, 0.5, "gelu_mlp", "imagenet");

    static RgbImage Picture(int width, int height)
    {
        var image = new RgbImage(width, height);
        new Random(7).NextBytes(image.Pixels);
        return image;
    }
}
