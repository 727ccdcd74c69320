using CsCheck;
using MmMamba.Runtime.Vision;
using SkiaSharp;

namespace MmMamba.Runtime.Tests.Vision;

public class GifDecoderTests
{
    // The index i is (i, 255 - i, 7 i).
    static readonly byte[] Colours = [.. Enumerable.Range(0, 256).SelectMany(index => (byte[])[(byte)index, (byte)(255 - index), (byte)(7 * index)])];

    static IEnumerable<byte> Shown(IEnumerable<byte> indices) => indices.SelectMany(index => Colours.AsSpan(index * 3, 3).ToArray());

    // Runs and repetitions, so that strings grow long and codes are used before they are made; long enough for all lengths of codes.
    static readonly Gen<byte[]> Indices = Gen.Select(Gen.Byte, Gen.Int[1, 40], Gen.Int[1, 4]).Array[1, 300].Select(runs =>
        runs.SelectMany(run => Enumerable.Range(0, run.Item2).Select(i => (byte)(run.Item1 + i % run.Item3))).ToArray());

    [Fact]
    public void What_is_encoded_comes_back() => Gen.Select(Indices, Gen.Int[1, 60], Gen.Bool).Sample((indices, width, interlaced) =>
    {
        width = Math.Min(width, indices.Length);
        indices = indices[..(indices.Length / width * width)];
        var gif = HandMadeGif.Encode(width, indices.Length / width, Colours, new HandMadeGif.Frame(0, 0, width, indices, Interlaced: interlaced));
        var image = ImageDecoder.Decode(gif, "x");
        Assert.Equal((width, indices.Length / width), (image.Width, image.Height));
        Assert.Equal(Shown(indices), image.Pixels);
        Assert.Equal(BySkia(gif), image.Pixels);
    }, iter: 60, threads: 1);

    [Fact]
    public void Noise_fills_the_table_of_codes_several_times()
    {
        var indices = new byte[200 * 150];
        new Random(3).NextBytes(indices);
        var gif = HandMadeGif.Encode(200, 150, Colours, new HandMadeGif.Frame(0, 0, 200, indices));
        Assert.Equal(Shown(indices), ImageDecoder.Decode(gif, "x").Pixels);
        Assert.Equal(BySkia(gif), ImageDecoder.Decode(gif, "x").Pixels);
    }

    [Fact]
    public void Of_several_frames_the_first_is_taken()
    {
        var gif = HandMadeGif.Encode(2, 1, Colours, new HandMadeGif.Frame(0, 0, 2, [9, 8]), new HandMadeGif.Frame(0, 0, 2, [1, 2]));
        Assert.Equal(Shown([9, 8]), ImageDecoder.Decode(gif, "x").Pixels);
    }

    // Alpha is dropped, not blended: under full transparency the palette's colour stays.
    [Fact]
    public void A_transparent_pixel_keeps_its_colour()
    {
        var gif = HandMadeGif.Encode(3, 1, Colours, new HandMadeGif.Frame(0, 0, 3, [5, 6, 5], Transparent: 5));
        Assert.Equal(Shown([5, 6, 5]), ImageDecoder.Decode(gif, "x").Pixels);
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData(77, 77)]
    public void What_the_frame_leaves_free_has_the_transparent_index_s_colour_or_the_first(int? transparent, byte around)
    {
        var gif = HandMadeGif.Encode(3, 2, Colours, new HandMadeGif.Frame(1, 1, 1, [200], Transparent: (byte?)transparent));
        Assert.Equal(Shown([around, around, around, around, 200, around]), ImageDecoder.Decode(gif, "x").Pixels);
    }

    [Fact]
    public void A_frame_beyond_the_canvas_makes_it_larger()
    {
        var image = ImageDecoder.Decode(HandMadeGif.Encode(1, 1, Colours, new HandMadeGif.Frame(1, 0, 2, [3, 4])), "x");
        Assert.Equal((3, 1), (image.Width, image.Height));
        Assert.Equal(Shown([0, 3, 4]), image.Pixels);
        var bomb = HandMadeGif.Encode(1, 1, Colours, new HandMadeGif.Frame(65_000, 0, 2, [3, 4]));
        Assert.Contains("too many", Assert.Throws<InputException>(() => ImageDecoder.Decode(bomb, "x")).Message);
    }

    [Fact]
    public void A_frame_s_own_palette_goes_before_the_picture_s()
    {
        var gif = HandMadeGif.Encode(2, 1, Colours, new HandMadeGif.Frame(0, 0, 2, [1, 0], Colours: [10, 20, 30, 40, 50, 60]));
        Assert.Equal([40, 50, 60, 10, 20, 30], ImageDecoder.Decode(gif, "x").Pixels);
        Assert.Equal([9, 9, 9, 0, 0, 0], ImageDecoder.Decode(HandMadeGif.Encode(2, 1, [], new HandMadeGif.Frame(0, 0, 2, [9, 0])), "x").Pixels);
    }

    [Fact]
    public void Every_prefix_is_refused_in_one_line()
    {
        var gif = HandMadeGif.Encode(20, 10, Colours, new HandMadeGif.Frame(0, 0, 20, [.. Enumerable.Range(0, 200).Select(i => (byte)(i * i))]));
        for (var length = 0; length < gif.Length - 4; length++) // the last code says that there is no more
            Assert.StartsWith("x: ", Assert.Throws<InputException>(() => ImageDecoder.Decode(gif.AsSpan(0, length), "x")).Message);
    }

    [Fact]
    public void Damage_never_gives_another_exception()
    {
        var gif = HandMadeGif.Encode(20, 10, Colours, new HandMadeGif.Frame(2, 1, 20, [.. Enumerable.Range(0, 200).Select(i => (byte)(i * i))], Transparent: 3));
        Gen.Select(Gen.Int[0, gif.Length - 1], Gen.Byte).Array[1, 6].Sample(changes =>
        {
            var damaged = gif.ToArray();
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
        }, iter: 2000, threads: 1);
    }

    static byte[] BySkia(byte[] gif)
    {
        using var bitmap = SKBitmap.Decode(gif);
        return [.. bitmap.Pixels.SelectMany(pixel => (byte[])[pixel.Red, pixel.Green, pixel.Blue])];
    }
}
