using CsCheck;
using MmMamba.Runtime.Vision;
using SkiaSharp;

namespace MmMamba.Runtime.Tests.Vision;

/// <summary>Four inks, and pictures that move.</summary>
public class UncommonPicturesTests
{
    // Pillow takes every JPEG of four components for inverted inks: a byte is what is left of white.
    [Theory]
    [InlineData(null)]
    [InlineData((byte)0)]
    public void Four_inks_are_multiplied_out(byte? adobe) => Gen.Byte.Array[4].Array[1, 6].Sample(blocks =>
        Assert.Equal(Multiplied(blocks), FirstOfEachBlock(FlatJpeg.Encode(blocks, adobe))), iter: 100, threads: 1);

    [Fact]
    public void Three_inks_as_brightness_and_colour_are_too() => Gen.Select(Gen.Byte, Gen.Byte).Array[1, 6].Sample(greys =>
    {
        // Without colour the brightness is the ink, once more inverted.
        var blocks = greys.Select(grey => (byte[])[(byte)(255 - grey.Item1), (byte)(255 - grey.Item1), (byte)(255 - grey.Item1), grey.Item2]).ToArray();
        var stored = greys.Select(grey => (byte[])[grey.Item1, 128, 128, grey.Item2]).ToArray();
        Assert.Equal(Multiplied(blocks), FirstOfEachBlock(FlatJpeg.Encode(stored, adobe: 2)));
    }, iter: 100, threads: 1);

    // Pillow's cmyk2rgb, of inks from 0 to 255.
    static IEnumerable<(int, int, int)> Multiplied(byte[][] blocks) => blocks.Select(block =>
    {
        var white = 255 - (255 - block[3]);
        int Left(int stored)
        {
            var product = (255 - stored) * white + 128;
            return Math.Clamp(white - ((product >> 8) + product >> 8), 0, 255);
        }
        return (Left(block[0]), Left(block[1]), Left(block[2]));
    });

    static IEnumerable<(int, int, int)> FirstOfEachBlock(byte[] jpeg)
    {
        var image = ImageDecoder.Decode(jpeg, "x");
        Assert.Equal(8, image.Height);
        return Enumerable.Range(0, image.Width / 8).Select(block => ((int)image.Pixels[block * 24], (int)image.Pixels[block * 24 + 1], (int)image.Pixels[block * 24 + 2]));
    }

    [Fact]
    public void An_animated_png_shows_its_picture()
    {
        byte[] control = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 10, 0, 0];
        byte[] before = [.. HandMadePng.Chunk("acTL"u8, [0, 0, 0, 2, 0, 0, 0, 0]), .. HandMadePng.Chunk("fcTL"u8, control)];
        var second = HandMadePng.Encode(1, 1, 8, 2, [0, 9, 9, 9]);
        var data = second.AsSpan(second.AsSpan().IndexOf("IDAT"u8) + 4)[..^16].ToArray();
        control[3] = 1;
        byte[] after = [.. HandMadePng.Chunk("fcTL"u8, control), .. HandMadePng.Chunk("fdAT"u8, [0, 0, 0, 2, .. data])];
        Assert.Equal([1, 2, 3], ImageDecoder.Decode(HandMadePng.Encode(1, 1, 8, 2, [0, 1, 2, 3], 0, before, after), "x").Pixels);
    }

    [Fact]
    public void An_animated_webp_shows_its_first_frame()
    {
        byte[] frames = [.. Frame(10, 20, 30, 255), .. Frame(90, 80, 70, 255)];
        Assert.Equal([10, 20, 30], ImageDecoder.Decode(Animated(frames), "x").Pixels);
        Assert.Equal([10, 20, 30], ImageDecoder.Decode(Animated([.. Frame(10, 20, 30, 77), .. Frame(90, 80, 70, 255)]), "x").Pixels);
    }

    static byte[] Animated(byte[] frames)
    {
        byte[] chunks = [.. "WEBP"u8, .. Chunk("VP8X"u8, [0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0]), .. Chunk("ANIM"u8, [0, 0, 0, 0, 0, 0]), .. frames];
        return Chunk("RIFF"u8, chunks);
    }

    // One pixel, shown for 100 ms, not blended with what was there before.
    static unsafe byte[] Frame(byte red, byte green, byte blue, byte alpha)
    {
        byte* pixel = stackalloc byte[4];
        (pixel[0], pixel[1], pixel[2], pixel[3]) = (red, green, blue, alpha);
        using var pixmap = new SKPixmap(new SKImageInfo(1, 1, SKColorType.Rgba8888, SKAlphaType.Unpremul, colorspace: null), (nint)pixel, 4);
        using var encoded = pixmap.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 100))!;
        var still = encoded.ToArray();
        var at = still.AsSpan().IndexOf("VP8L"u8);
        var length = BitConverter.ToInt32(still, at + 4);
        return Chunk("ANMF"u8, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100, 0, 0, 2, .. still.AsSpan(at, 8 + length + length % 2).ToArray()]);
    }

    static byte[] Chunk(ReadOnlySpan<byte> name, byte[] data) => [.. name, .. BitConverter.GetBytes(data.Length), .. data, .. new byte[data.Length % 2]];
}
