namespace MmMamba.Runtime.Vision;

/// <summary>
/// The first frame of a GIF as Pillow shows it: a transparent pixel keeps the colour that its index has in the palette, and so does
/// what the frame leaves free. Other decoders make both black.
/// </summary>
static class GifDecoder
{
    const byte Extension = 0x21, Image = 0x2c, Trailer = 0x3b, GraphicControl = 0xf9;

    // Without any palette an index is a grey.
    static readonly byte[] Greys = [.. Enumerable.Range(0, 256).SelectMany(grey => Enumerable.Repeat((byte)grey, 3))];

    /// <param name="file">The whole file.</param>
    /// <param name="name">What to call it in messages.</param>
    /// <exception cref="InputException">The file is damaged, cut short, or its picture too large.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> file, string name)
    {
        var reader = new GifReader(file, name);
        reader.Take(6);
        var (width, height) = (reader.Word(), reader.Word());
        var flags = reader.Byte();
        reader.Take(2);
        var colours = Colours(ref reader, flags) ?? Greys;
        byte? transparent = null;
        while (true)
            switch (reader.Byte())
            {
                case Extension:
                    var isControl = reader.Byte() == GraphicControl;
                    for (var first = true; reader.Block() is { Length: > 0 } block; first = false)
                        if (isControl && first && block.Length >= 4 && (block[0] & 1) != 0) transparent = block[3];
                    break;
                case Image:
                    return Frame(ref reader, width, height, colours, transparent);
                case Trailer:
                    throw reader.Damaged("it holds no picture");
            }
    }

    static RgbImage Frame(ref GifReader reader, int width, int height, byte[] colours, byte? transparent)
    {
        var (left, top, columns, rows, flags) = (reader.Word(), reader.Word(), reader.Word(), reader.Word(), reader.Byte());
        if (columns == 0 || rows == 0) throw reader.Damaged("its picture is empty");
        (width, height) = (Math.Max(width, left + columns), Math.Max(height, top + rows));
        ImageDecoder.CheckSize(width, height, reader.Name);
        colours = Colours(ref reader, flags) ?? colours;

        var indices = new byte[(long)columns * rows];
        LzwDecoder.Decode(ref reader, indices);
        var image = new RgbImage(width, height);
        for (var at = 0; at < image.Pixels.Length; at += 3) colours.AsSpan((transparent ?? 0) * 3, 3).CopyTo(image.Pixels.AsSpan(at));
        var line = 0;
        foreach (var row in Rows(rows, interlaced: (flags & 0x40) != 0))
        {
            var pixels = image.Row(top + row)[(left * 3)..];
            for (var column = 0; column < columns; column++) colours.AsSpan(indices[line * columns + column] * 3, 3).CopyTo(pixels[(column * 3)..]);
            line++;
        }
        return image;
    }

    // Red, green and blue of each index; one outside of the palette is black.
    static byte[]? Colours(ref GifReader reader, byte flags)
    {
        if ((flags & 0x80) == 0) return null;
        var colours = new byte[256 * 3];
        reader.Take(3 << ((flags & 7) + 1)).CopyTo(colours);
        return colours;
    }

    static IEnumerable<int> Rows(int count, bool interlaced)
    {
        (int First, int Step)[] passes = interlaced ? [(0, 8), (4, 8), (2, 4), (1, 2)] : [(0, 1)];
        foreach (var (first, step) in passes)
            for (var row = first; row < count; row += step)
                yield return row;
    }
}

/// <summary>Reads a GIF from its start on; what isn't there is told.</summary>
ref struct GifReader(ReadOnlySpan<byte> file, string name)
{
    ReadOnlySpan<byte> _rest = file;

    public readonly string Name => name;

    public ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length) throw Damaged("the file is cut short");
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    public byte Byte() => Take(1)[0];

    public int Word() => Byte() | Byte() << 8;

    /// <summary>The next block of data; an empty one ends a run of them.</summary>
    public ReadOnlySpan<byte> Block() => Take(Byte());

    public readonly InputException Damaged(string reason) => new($"{name}: the picture cannot be decoded: {reason}");
}
