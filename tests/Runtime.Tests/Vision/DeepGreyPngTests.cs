using System.Buffers.Binary;
using CsCheck;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Tests.Vision;

/// <summary>Grey of 16 bits: what is above 255 is white, whatever the file's filters and its order of pixels.</summary>
public class DeepGreyPngTests
{
    static readonly (int X, int Y, int Right, int Down)[] Whole = [(0, 0, 1, 1)];
    static readonly (int X, int Y, int Right, int Down)[] Passes =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

    // Low values are as frequent as high ones.
    static readonly Gen<ushort> Greys = Gen.OneOf(Gen.UShort, Gen.UShort[0, 300]);

    [Fact]
    public void Values_are_clipped_at_255() =>
        Gen.Select(Gen.Int[1, 19], Gen.Int[1, 19], Gen.Bool, Gen.Byte[0, 4]).SelectMany((width, height, interlaced, filter) =>
            Greys.Array[width * height].Select(values => (width, height, interlaced, filter, values))).Sample(picture =>
        {
            var (width, height, interlaced, filter, values) = picture;
            var png = HandMadePng.Encode(width, height, 16, 0, Rows(width, height, values, interlaced ? Passes : Whole, filter), interlaced ? (byte)1 : (byte)0);
            var decoded = ImageDecoder.Decode(png, "x");
            Assert.Equal(values.SelectMany(value => Enumerable.Repeat((byte)Math.Min((int)value, 255), 3)), decoded.Pixels);
        }, iter: 200, threads: 1);

    [Fact]
    public void Data_that_end_too_early_are_refused()
    {
        var rows = Rows(4, 4, new ushort[16], Whole, 0);
        Assert.StartsWith("x: the picture cannot be decoded", Assert.Throws<InputException>(
            () => ImageDecoder.Decode(HandMadePng.Encode(4, 4, 16, 0, rows[..20]), "x")).Message);
    }

    // Every line of every pass behind one filter, as the format's text has it.
    static byte[] Rows(int width, int height, ushort[] values, (int X, int Y, int Right, int Down)[] passes, byte filter)
    {
        var rows = new List<byte>();
        foreach (var (x, y, right, down) in passes)
        {
            if (x >= width) continue;
            byte[] above = [];
            for (var row = y; row < height; row += down)
            {
                var line = new List<byte>();
                for (var column = x; column < width; column += right)
                {
                    var two = new byte[2];
                    BinaryPrimitives.WriteUInt16BigEndian(two, values[row * width + column]);
                    line.AddRange(two);
                }
                rows.Add(filter);
                for (var i = 0; i < line.Count; i++)
                {
                    int left = i < 2 ? 0 : line[i - 2], up = above.Length == 0 ? 0 : above[i], corner = i < 2 || above.Length == 0 ? 0 : above[i - 2];
                    var guess = filter switch { 0 => 0, 1 => left, 2 => up, 3 => (left + up) / 2, _ => Paeth(left, up, corner) };
                    rows.Add((byte)(line[i] - guess));
                }
                above = [.. line];
            }
        }
        return [.. rows];
    }

    static int Paeth(int left, int up, int corner) => new[] { left, up, corner }.MinBy(value => Math.Abs(left + up - corner - value));
}
