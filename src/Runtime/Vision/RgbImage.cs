namespace MmMamba.Runtime.Vision;

/// <summary>A picture of 8 bits a channel: rows from the top, pixels from the left, red, green, blue.</summary>
public sealed class RgbImage
{
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="pixels">The bytes, height * width * 3; kept, not copied.</param>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (pixels.Length != (long)width * height * 3)
            throw new ArgumentException($"{width} x {height} pixels take {(long)width * height * 3} bytes, found {pixels.Length}", nameof(pixels));
        (Width, Height, Pixels) = (width, height, pixels);
    }

    /// <summary>A black picture.</summary>
    public RgbImage(int width, int height) : this(width, height, new byte[checked(width * height * 3)]) { }

    /// <summary>Columns.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>All bytes, (height, width, 3).</summary>
    public byte[] Pixels { get; }

    /// <summary>One row's bytes, (width, 3).</summary>
    public Span<byte> Row(int y) => Pixels.AsSpan(y * Width * 3, Width * 3);

    /// <summary>A copy of the rectangle whose upper left corner is at (x, y).</summary>
    public RgbImage Crop(int x, int y, int width, int height)
    {
        var crop = new RgbImage(width, height);
        for (var row = 0; row < height; row++) Row(y + row).Slice(x * 3, width * 3).CopyTo(crop.Row(row));
        return crop;
    }
}
