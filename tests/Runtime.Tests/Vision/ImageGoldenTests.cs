using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Tests.Vision;

public class ImageGoldenTests
{
    public static TheoryData<string> Inputs => [.. ImageGolden.All.Select(golden => golden.Input)];

    static ImageGolden Of(string input) => ImageGolden.All.Single(golden => golden.Input == input);

    [Fact]
    public void There_are_thirteen_goldens() => Assert.Equal(13, ImageGolden.All.Count);

    [Theory, MemberData(nameof(Inputs))]
    public void Tiles_equal_Pillow_s_byte_for_byte(string input)
    {
        var golden = Of(input);
        var image = ImageDecoder.Decode(ImageGolden.File(input));
        Assert.Equal((golden.Width, golden.Height), (image.Width, image.Height));
        Assert.Equal(new TileGrid(golden.Columns, golden.Rows), Tiling.Choose(image.Width, image.Height, golden.Side, golden.MaxTiles));
        var tiles = Tiling.Cut(image, golden.Side, golden.MaxTiles);
        Assert.Equal(golden.Tiles.Length, tiles.Length);
        for (var i = 0; i < tiles.Length; i++)
            Assert.True(tiles[i].Pixels.AsSpan().SequenceEqual(ImageDecoder.Decode(ImageGolden.File(golden.Tiles[i])).Pixels), golden.Tiles[i]);
    }

    [Theory, MemberData(nameof(Inputs))]
    public void Pixel_values_are_the_normalised_tiles(string input)
    {
        var golden = Of(input);
        var preprocessor = new ImagePreprocessor(new(golden.Side, 14, golden.MaxTiles, 0.5, "gelu_mlp", "imagenet"));
        var (values, tiles) = preprocessor.Process(ImageDecoder.Decode(ImageGolden.File(input)));
        Assert.Equal(golden.Tiles.Length, tiles);
        Assert.Equal(tiles * 3 * golden.Side * golden.Side, values.Length);
        float[] mean = [0.485f, 0.456f, 0.406f], deviation = [0.229f, 0.224f, 0.225f];
        var at = 0;
        foreach (var file in golden.Tiles)
        {
            var tile = ImageDecoder.Decode(ImageGolden.File(file)).Pixels;
            for (var channel = 0; channel < 3; channel++)
                for (var pixel = 0; pixel < golden.Side * golden.Side; pixel++)
                    if (values[at++] != (tile[pixel * 3 + channel] / 255f - mean[channel]) / deviation[channel])
                        Assert.Fail($"{file}, channel {channel}, pixel {pixel}: {values[at - 1]}");
        }
    }
}
