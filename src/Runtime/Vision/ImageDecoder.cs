using System.Buffers;
using MmMamba.Runtime.Checkpoints;
using SkiaSharp;

namespace MmMamba.Runtime.Vision;

/// <summary>
/// Decodes PNG, JPEG, WebP, BMP and GIF to 8-bit RGB, as Pillow's <c>convert("RGB")</c> does: alpha is dropped, not blended; grey and
/// palettes become RGB; colours of 16 bits keep their upper 8, greys of 16 bits are clipped at 255; CMYK is multiplied out; the first
/// frame of several; colour profiles and the EXIF rotation are not applied.
/// </summary>
public static class ImageDecoder
{
    /// <summary>Most pixels that a picture may have, so that a small file cannot ask for all memory.</summary>
    public const long MostPixels = 1 << 26;

    /// <summary>Most columns or rows that a picture may have: resizing a very long one costs far more than its pixels.</summary>
    public const int LongestSide = 1 << 15;

    /// <summary>Most bytes that a picture's file may have.</summary>
    public const long MostBytes = 256 << 20;

    /// <summary>Decodes a file.</summary>
    /// <exception cref="InputException">The file cannot be read or decoded whole.</exception>
    public static RgbImage Decode(string path)
    {
        RegularFile.Require(path);
        try
        {
            using var stream = File.OpenRead(path);
            return Decode(stream, path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InputException($"{path}: no such picture", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException { ParamName: "path" })
        {
            throw new InputException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Decodes what a stream still holds.</summary>
    /// <param name="stream">The encoded picture.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <exception cref="InputException">The picture cannot be decoded whole.</exception>
    public static RgbImage Decode(Stream stream, string name)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            var count = 0;
            for (int read; (read = stream.Read(buffer, count, buffer.Length - count)) > 0;)
            {
                count += read;
                if (count > MostBytes) throw new InputException($"{name}: a picture's file may have at most {MostBytes >> 20} MB");
                if (count < buffer.Length) continue;
                var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                buffer.AsSpan(0, count).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(buffer);
                buffer = larger;
            }
            return Decode(buffer.AsSpan(0, count), name);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Decodes an encoded picture in memory.</summary>
    /// <inheritdoc cref="Decode(Stream, string)"/>
    public static RgbImage Decode(ReadOnlySpan<byte> encoded, string name)
    {
        if (encoded.IsEmpty) throw new InputException($"{name}: the picture's file is empty");
        if (encoded.StartsWith("GIF87a"u8) || encoded.StartsWith("GIF89a"u8)) return GifDecoder.Decode(encoded, name);
        using var data = SKData.CreateCopy(encoded);
        using var codec = SKCodec.Create(data)
            ?? throw new InputException($"{name}: not a picture that can be decoded; expected PNG, JPEG, WebP, BMP or GIF");
        if (codec.EncodedFormat is not (SKEncodedImageFormat.Png or SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Webp or SKEncodedImageFormat.Bmp))
            throw new InputException($"{name}: {codec.EncodedFormat} pictures are not read; expected PNG, JPEG, WebP, BMP or GIF");
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        CheckSize(width, height, name);
        var image = Decode(codec, width, height, name);
        if (codec.EncodedFormat == SKEncodedImageFormat.Png && DeepGreyPng.Is(encoded)) Deepen(encoded, image, name);
        return image;
    }

    /// <summary>Refuses a picture of too many pixels before memory is asked for them.</summary>
    internal static void CheckSize(int width, int height, string name)
    {
        if ((long)width * height > MostPixels || Math.Max(width, height) > LongestSide)
            throw new InputException($"{name}: {width} x {height} pixels are too many; at most {MostPixels} in all and {LongestSide} a side are decoded");
    }

    static void Deepen(ReadOnlySpan<byte> encoded, RgbImage image, string name)
    {
        try
        {
            DeepGreyPng.Overwrite(encoded, image);
        }
        catch (InvalidDataException e)
        {
            throw new InputException($"{name}: the picture cannot be decoded: the file is damaged", e);
        }
    }

    static unsafe RgbImage Decode(SKCodec codec, int width, int height, string name)
    {
        // Without a colour space nothing is converted, and unpremultiplied colours are those of the file.
        var info = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, colorspace: null);
        var rgba = ArrayPool<byte>.Shared.Rent(info.BytesSize);
        try
        {
            SKCodecResult result;
            fixed (byte* pixels = rgba) result = codec.GetPixels(info, (nint)pixels, info.RowBytes, SKCodecOptions.Default);
            if (result != SKCodecResult.Success) throw new InputException($"{name}: the picture cannot be decoded: {Reason(result)}");
            var image = new RgbImage(width, height);
            DropAlpha(rgba.AsSpan(0, info.BytesSize), image.Pixels);
            return image;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rgba);
        }
    }

    static void DropAlpha(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3) rgba.Slice(from, 3).CopyTo(rgb[to..]);
    }

    static string Reason(SKCodecResult result) => result switch
    {
        SKCodecResult.IncompleteInput => "the file is cut short",
        SKCodecResult.ErrorInInput => "the file is damaged",
        _ => $"the decoder says {result}",
    };
}
