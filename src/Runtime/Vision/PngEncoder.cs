using MmMamba.Runtime.Checkpoints;
using SkiaSharp;

namespace MmMamba.Runtime.Vision;

/// <summary>Encodes pictures as PNG, without loss.</summary>
public static class PngEncoder
{
    /// <summary>The picture as a PNG of 8-bit RGB.</summary>
    public static unsafe byte[] Encode(RgbImage image)
    {
        var rgba = new byte[checked(image.Width * image.Height * 4)];
        for (int from = 0, to = 0; to < rgba.Length; from += 3, to += 4)
        {
            image.Pixels.AsSpan(from, 3).CopyTo(rgba.AsSpan(to));
            rgba[to + 3] = 255;
        }
        var info = new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque, colorspace: null);
        fixed (byte* pixels = rgba)
        {
            using var pixmap = new SKPixmap(info, (nint)pixels, info.RowBytes);
            using var data = pixmap.Encode(SKPngEncoderOptions.Default)
                ?? throw new InvalidOperationException($"the encoder refused {image.Width} x {image.Height} pixels");
            return data.ToArray();
        }
    }

    /// <summary>Writes the picture as a PNG file, whole or not at all.</summary>
    /// <exception cref="InputException">The file cannot be written there.</exception>
    public static void Write(RgbImage image, string path) => AtomicFile.Write(path, Encode(image));
}
