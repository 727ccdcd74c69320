using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MmMamba.Runtime.Vision;

/// <summary>
/// Bicubic, antialiased resizing with the results of Pillow, bit for bit: columns first, then rows, rounded to bytes between the two
/// passes. Other libraries' bicubic differs by up to tens of levels, which a model trained on Pillow's notices.
/// </summary>
public static class PillowResize
{
    const int Half = 1 << (ResampleWeights.FractionBits - 1);

    /// <summary>The picture at another size; itself if it has that size already.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    public static RgbImage Bicubic(RgbImage image, int width, int height)
    {
        if (image.Width == width && image.Height == height) return image;
        var resized = new RgbImage(width, height);
        if (image.Height == height)
        {
            ResizeColumns(image.Pixels, image.Width, resized.Pixels, width, height);
            return resized;
        }
        if (image.Width == width)
        {
            ResizeRows(image.Pixels, image.Height, resized.Pixels, height, width * 3);
            return resized;
        }
        var size = checked(image.Height * width * 3);
        var between = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            ResizeColumns(image.Pixels, image.Width, between.AsSpan(0, size), width, image.Height);
            ResizeRows(between.AsSpan(0, size), image.Height, resized.Pixels, height, width * 3);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(between);
        }
        return resized;
    }

    static void ResizeColumns(ReadOnlySpan<byte> source, int from, Span<byte> target, int to, int height)
    {
        var weights = new ResampleWeights(from, to);
        for (var y = 0; y < height; y++)
        {
            var line = source.Slice(y * from * 3, from * 3);
            var resized = target.Slice(y * to * 3, to * 3);
            for (var x = 0; x < to; x++)
            {
                var pixels = MemoryMarshal.Cast<byte, Rgb>(line[(weights.First(x) * 3)..]);
                var taps = weights.Of(x);
                pixels = pixels[..taps.Length];
                int red = Half, green = Half, blue = Half;
                for (var i = 0; i < taps.Length; i++)
                {
                    var pixel = pixels[i];
                    red += pixel.Red * taps[i];
                    green += pixel.Green * taps[i];
                    blue += pixel.Blue * taps[i];
                }
                resized[x * 3] = ToByte(red);
                resized[x * 3 + 1] = ToByte(green);
                resized[x * 3 + 2] = ToByte(blue);
            }
        }
    }

    static void ResizeRows(ReadOnlySpan<byte> source, int from, Span<byte> target, int to, int rowBytes)
    {
        var weights = new ResampleWeights(from, to);
        for (var y = 0; y < to; y++)
        {
            var taps = weights.Of(y);
            var rows = source.Slice(weights.First(y) * rowBytes, taps.Length * rowBytes);
            var resized = target.Slice(y * rowBytes, rowBytes);
            var x = 0;
            for (; x <= rowBytes - Vector128<byte>.Count; x += Vector128<byte>.Count)
                SixteenBytes(rows[x..], rowBytes, taps).CopyTo(resized[x..]);
            for (; x < rowBytes; x++)
            {
                var sum = Half;
                for (var i = 0; i < taps.Length; i++) sum += rows[i * rowBytes + x] * taps[i];
                resized[x] = ToByte(sum);
            }
        }
    }

    // Saturating first to shorts and then to bytes clips to 0..255, as the sums stay far inside 32 bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<byte> SixteenBytes(ReadOnlySpan<byte> rows, int rowBytes, ReadOnlySpan<int> taps)
    {
        var (a, b, c, d) = (Vector128.Create(Half), Vector128.Create(Half), Vector128.Create(Half), Vector128.Create(Half));
        for (var i = 0; i < taps.Length; i++)
        {
            var (low, high) = Vector128.Widen(Vector128.Create(rows.Slice(i * rowBytes, Vector128<byte>.Count)));
            var (first, second) = Vector128.Widen(low);
            var (third, fourth) = Vector128.Widen(high);
            var tap = Vector128.Create(taps[i]);
            a += first.AsInt32() * tap;
            b += second.AsInt32() * tap;
            c += third.AsInt32() * tap;
            d += fourth.AsInt32() * tap;
        }
        var left = Vector128.NarrowWithSaturation(a >> ResampleWeights.FractionBits, b >> ResampleWeights.FractionBits);
        var right = Vector128.NarrowWithSaturation(c >> ResampleWeights.FractionBits, d >> ResampleWeights.FractionBits);
        var zero = Vector128<short>.Zero;
        return Vector128.NarrowWithSaturation(Vector128.Max(left, zero).AsUInt16(), Vector128.Max(right, zero).AsUInt16());
    }

    static byte ToByte(int sum) => (byte)Math.Clamp(sum >> ResampleWeights.FractionBits, 0, 255);

    readonly record struct Rgb(byte Red, byte Green, byte Blue);
}
