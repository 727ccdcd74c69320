using System.Buffers.Binary;
using System.IO.Compression;

namespace MmMamba.Runtime.Vision;

/// <summary>
/// PNGs of grey in 16 bits. Pillow takes such a value for a number and no share of white: all above 255 is white. Other decoders keep
/// the upper 8 bits, as Pillow does for colours.
/// </summary>
static class DeepGreyPng
{
    const int HeaderEnd = 33, BytesPerPixel = 2;

    // First column and row and the steps between them, of a picture as a whole and of the seven passes of an interlaced one.
    static readonly (int X, int Y, int Right, int Down)[] Whole = [(0, 0, 1, 1)];
    static readonly (int X, int Y, int Right, int Down)[] Adam7 =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    /// <summary>Whether a PNG is one: 16 bits, grey without alpha.</summary>
    public static bool Is(ReadOnlySpan<byte> png) => png.Length >= HeaderEnd && png[12..16].SequenceEqual("IHDR"u8) && png[24] == 16 && png[25] == 0;

    /// <summary>Writes the picture's bytes over those of a decoder that kept the upper bits.</summary>
    /// <param name="png">A file that another decoder has read whole: its checksums hold.</param>
    /// <param name="image">Of the picture's size.</param>
    /// <exception cref="InvalidDataException">The data are damaged.</exception>
    public static void Overwrite(ReadOnlySpan<byte> png, RgbImage image)
    {
        using var data = new MemoryStream();
        for (var at = HeaderEnd; at + 12 <= png.Length;)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(png[at..]);
            if (length > png.Length - at - 12) break;
            if (png.Slice(at + 4, 4).SequenceEqual("IDAT"u8)) data.Write(png.Slice(at + 8, (int)length));
            at += (int)length + 12;
        }
        data.Position = 0;
        using var inflated = new ZLibStream(data, CompressionMode.Decompress);
        foreach (var (x, y, right, down) in png[28] == 1 ? Adam7 : Whole)
        {
            var columns = (image.Width - x + right - 1) / right;
            if (columns <= 0) continue;
            byte[] line = new byte[columns * BytesPerPixel], above = new byte[line.Length];
            for (var row = y; row < image.Height; row += down)
            {
                var filter = inflated.ReadByte();
                if (inflated.ReadAtLeast(line, line.Length, throwOnEndOfStream: false) < line.Length) throw new InvalidDataException("the data end too early");
                Restore(filter, line, above);
                var pixels = image.Row(row);
                for (var i = 0; i < columns; i++)
                    pixels.Slice((x + i * right) * 3, 3).Fill(line[i * BytesPerPixel] == 0 ? line[i * BytesPerPixel + 1] : (byte)255);
                (line, above) = (above, line);
            }
        }
    }

    static void Restore(int filter, Span<byte> line, ReadOnlySpan<byte> above)
    {
        for (var i = 0; i < line.Length; i++)
        {
            int left = i < BytesPerPixel ? 0 : line[i - BytesPerPixel], corner = i < BytesPerPixel ? 0 : above[i - BytesPerPixel];
            line[i] += (byte)(filter switch
            {
                0 => 0,
                1 => left,
                2 => above[i],
                3 => (left + above[i]) / 2,
                4 => Paeth(left, above[i], corner),
                _ => throw new InvalidDataException("an unknown filter"),
            });
        }
    }

    static int Paeth(int left, int above, int corner)
    {
        var (byLeft, byAbove, byCorner) = (Math.Abs(above - corner), Math.Abs(left - corner), Math.Abs(left + above - 2 * corner));
        return byLeft <= byAbove && byLeft <= byCorner ? left : byAbove <= byCorner ? above : corner;
    }
}
