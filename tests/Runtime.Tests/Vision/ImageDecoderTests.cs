using CsCheck;
using MmMamba.Runtime.Tests.Checkpoints;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Tests.Vision;

public sealed class ImageDecoderTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_encoded_comes_back() => Gen.Select(Gen.Int[1, 40], Gen.Int[1, 40], Gen.Int[0, 1000]).Sample((width, height, seed) =>
    {
        var image = new RgbImage(width, height);
        new Random(seed).NextBytes(image.Pixels);
        var decoded = ImageDecoder.Decode(PngEncoder.Encode(image), "x");
        Assert.Equal((width, height), (decoded.Width, decoded.Height));
        Assert.Equal(image.Pixels, decoded.Pixels);
    }, iter: 50, threads: 1);

    [Fact]
    public void A_written_file_reads_back_and_replaces_whole()
    {
        var image = new RgbImage(3, 2, [.. Enumerable.Range(0, 18).Select(value => (byte)(value * 14))]);
        PngEncoder.Write(image, _folder["a/b.png"]);
        Assert.Equal(image.Pixels, ImageDecoder.Decode(_folder["a/b.png"]).Pixels);
        Assert.Equal(["b.png"], Directory.GetFileSystemEntries(_folder["a"]).Select(Path.GetFileName));
    }

    [Fact]
    public void Sixteen_bits_keep_their_upper_eight()
    {
        // One row of two pixels: red, green, blue of 16 bits each.
        byte[] row = [0, 0x12, 0xff, 0x34, 0x56, 0x80, 0xff, 0xff, 0x00, 0xff, 0xff, 0x00, 0x7f];
        var decoded = ImageDecoder.Decode(HandMadePng.Encode(2, 1, 16, colourType: 2, row), "x");
        Assert.Equal([0x12, 0x34, 0x80, 0xff, 0xff, 0x00], decoded.Pixels);
    }

    [Fact]
    public void Sixteen_bits_of_grey_with_alpha_keep_their_upper_eight()
    {
        var decoded = ImageDecoder.Decode(HandMadePng.Encode(2, 1, 16, colourType: 4, [0, 0x12, 0xff, 0, 0, 0xfe, 0x01, 0xff, 0xff]), "x");
        Assert.Equal([0x12, 0x12, 0x12, 0xfe, 0xfe, 0xfe], decoded.Pixels);
    }

    [Fact]
    public void Colours_under_full_transparency_stay()
    {
        var decoded = ImageDecoder.Decode(HandMadePng.Encode(2, 1, 8, colourType: 6, [0, 10, 20, 30, 0, 40, 50, 60, 128]), "x");
        Assert.Equal([10, 20, 30, 40, 50, 60], decoded.Pixels);
    }

    [Fact]
    public void A_picture_that_promises_too_many_pixels_is_refused_before_memory_is_asked_for()
    {
        var e = Assert.Throws<InputException>(() => ImageDecoder.Decode(HandMadePng.Encode(30_000, 30_000, 8, colourType: 2, []), "bomb.png"));
        Assert.Equal("bomb.png: 30000 x 30000 pixels are too many; at most 67108864 in all and 32768 a side are decoded", e.Message);
        Assert.Contains("too many", Assert.Throws<InputException>(() => ImageDecoder.Decode(HandMadePng.Encode(1, 40_000, 8, colourType: 2, []), "long.png")).Message);
    }

    [Theory]
    [InlineData("in/tench.jpg")]
    [InlineData("in/rgba.png")]
    [InlineData("in/lossless.webp")]
    [InlineData("in/plain.bmp")]
    [InlineData("in/progressive.jpg")]
    public void A_file_that_is_cut_short_is_refused(string file)
    {
        var whole = File.ReadAllBytes(ImageGolden.File(file));
        foreach (var share in (double[])[0.0, 0.01, 0.3, 0.6, 0.9])
        {
            File.WriteAllBytes(_folder["cut"], whole[..(int)(whole.Length * share)]);
            var e = Assert.Throws<InputException>(() => ImageDecoder.Decode(_folder["cut"]));
            Assert.StartsWith(_folder["cut"] + ": ", e.Message);
        }
    }

    [Fact]
    public void What_is_no_picture_or_not_there_is_said()
    {
        Assert.Equal("x: not a picture that can be decoded; expected PNG, JPEG, WebP, BMP or GIF",
            Assert.Throws<InputException>(() => ImageDecoder.Decode("hello, world"u8, "x")).Message);
        Assert.Equal("x: the picture's file is empty", Assert.Throws<InputException>(() => ImageDecoder.Decode([], "x")).Message);
        Assert.Equal($"{_folder["none"]}: no such picture", Assert.Throws<InputException>(() => ImageDecoder.Decode(_folder["none"])).Message);
        Assert.StartsWith($"{_folder.Path}: cannot be read", Assert.Throws<InputException>(() => ImageDecoder.Decode(_folder.Path)).Message);
    }

    [Theory]
    [InlineData("in/progressive.jpg")]
    [InlineData("in/palette.png")]
    [InlineData("in/lossless.webp")]
    [InlineData("in/one-by-seven.png")]
    public void Damage_never_gives_another_exception(string file)
    {
        var whole = File.ReadAllBytes(ImageGolden.File(file));
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte).Array[1, 6].Sample(changes =>
        {
            var damaged = whole.ToArray();
            foreach (var (at, value) in changes) damaged[at] = value;
            try
            {
                var image = ImageDecoder.Decode(damaged, "x");
                Assert.Equal(image.Width * image.Height * 3, image.Pixels.Length);
            }
            catch (InputException e)
            {
                Assert.StartsWith("x: ", e.Message);
            }
        }, iter: 150, threads: 1);
    }
}
