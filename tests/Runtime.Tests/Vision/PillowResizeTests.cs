using CsCheck;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Tests.Vision;

public class PillowResizeTests
{
    [Fact]
    public void The_same_size_is_the_same_picture()
    {
        var image = new RgbImage(5, 7);
        Assert.Same(image, PillowResize.Bicubic(image, 5, 7));
    }

    [Fact]
    public void One_colour_stays_that_colour() =>
        Gen.Select(Gen.Int[1, 60], Gen.Int[1, 60], Gen.Int[1, 60], Gen.Int[1, 60], Gen.Byte.Array[3]).Sample((width, height, toWidth, toHeight, colour) =>
        {
            var image = new RgbImage(width, height);
            for (var i = 0; i < image.Pixels.Length; i++) image.Pixels[i] = colour[i % 3];
            var resized = PillowResize.Bicubic(image, toWidth, toHeight);
            Assert.Equal((toWidth, toHeight), (resized.Width, resized.Height));
            for (var i = 0; i < resized.Pixels.Length; i++) Assert.Equal(colour[i % 3], resized.Pixels[i]);
        }, iter: 300, threads: 1);

    // The wide and the narrow path of the second pass, and the two passes themselves, are one computation.
    [Fact]
    public void Turning_a_picture_of_one_line_turns_the_result() =>
        Gen.Select(Gen.Int[1, 80], Gen.Int[1, 80], Gen.Int[0, 1000]).Sample((length, to, seed) =>
        {
            var line = new RgbImage(length, 1);
            new Random(seed).NextBytes(line.Pixels);
            Assert.Equal(PillowResize.Bicubic(line, to, 1).Pixels, PillowResize.Bicubic(new(1, length, line.Pixels), 1, to).Pixels);
        }, iter: 300, threads: 1);

    [Fact]
    public void Rows_of_any_width_agree_with_a_single_column() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[2, 40], Gen.Int[1, 40], Gen.Int[0, 1000]).Sample((width, height, to, seed) =>
        {
            var image = new RgbImage(width, height);
            new Random(seed).NextBytes(image.Pixels);
            var resized = PillowResize.Bicubic(image, width, to);
            for (var x = 0; x < width; x++)
                Assert.Equal(PillowResize.Bicubic(image.Crop(x, 0, 1, height), 1, to).Pixels, resized.Crop(x, 0, 1, to).Pixels);
        }, iter: 100, threads: 1);

    [Fact]
    public void Overshoot_is_clipped_to_bytes()
    {
        var edge = new RgbImage(8, 1);
        edge.Pixels.AsSpan(12).Fill(255);
        var resized = PillowResize.Bicubic(edge, 32, 1).Pixels;
        Assert.Contains((byte)0, resized);
        Assert.Contains((byte)255, resized);
        Assert.True(resized[..36].All(value => value < 64) && resized[^36..].All(value => value > 191));
    }
}
