using MmMamba.Runtime.Vision;
using SkiaSharp;

namespace MmMamba.Runtime.Data;

/// <summary>
/// The set that the project draws itself, so that nothing has to be downloaded: shapes and rendered words on textured backgrounds,
/// 32 x 32, in random colours, sizes, places and slight turns. A picture is decided by (seed, split, class, index).
/// </summary>
public sealed class DrawnPictures : IPictureSource
{
    /// <summary>Side of a picture, pixels.</summary>
    public const int Side = 32;

    /// <summary>The least difference of brightness between a shape and its background, of 255.</summary>
    const float Contrast = 75;

    static readonly SKImageInfo Info = new(Side, Side, SKColorType.Rgba8888, SKAlphaType.Opaque);

    readonly ulong _seed;
    readonly string _split;
    readonly ulong _splitKey;
    readonly RgbImage?[][] _drawn;

    DrawnPictures(ulong seed, string split, ulong splitKey, int count)
    {
        (_seed, _split, _splitKey) = (seed, split, splitKey);
        _drawn = new RgbImage?[DrawnShapes.All.Count][];
        for (var i = 0; i < _drawn.Length; i++) _drawn[i] = new RgbImage?[count];
    }

    /// <summary>The training and the test pictures of one seed.</summary>
    /// <param name="seed">Decides every pixel.</param>
    /// <param name="trainPerClass">Training pictures of each class, at least 1.</param>
    /// <param name="testPerClass">Test pictures of each class, at least 1.</param>
    public static PictureSplits Splits(ulong seed = 0, int trainPerClass = 1500, int testPerClass = 300)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(trainPerClass);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(testPerClass);
        return new(new DrawnPictures(seed, "train", 0, trainPerClass), new DrawnPictures(seed, "test", 1, testPerClass));
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes { get; } = [.. DrawnShapes.All.Select(shape => shape.Name)];

    /// <inheritdoc/>
    public int Count(int classIndex) => _drawn[classIndex].Length;

    /// <inheritdoc/>
    public bool Mirrors(int classIndex) => !DrawnShapes.All[classIndex].IsWord;

    /// <inheritdoc/>
    public string Name(int classIndex, int index) => $"{_split}/{Classes[classIndex]}/{index:D4}";

    /// <inheritdoc/>
    public RgbImage Get(int classIndex, int index) => _drawn[classIndex][index] ??= Draw(classIndex, index);

    RgbImage Draw(int classIndex, int index)
    {
        var random = new DataRandom(_seed, _splitKey, (ulong)classIndex, (ulong)index);
        var shape = DrawnShapes.All[classIndex];
        using var bitmap = new SKBitmap(Info);
        using (var canvas = new SKCanvas(bitmap))
        {
            var background = Colour(ref random);
            Texture.Draw(canvas, Side, background, ref random);
            SKColor foreground;
            do foreground = Colour(ref random);
            while (Math.Abs(Texture.Luma(foreground) - Texture.Luma(background)) < Contrast);
            DrawShape(canvas, shape, foreground, ref random);
        }
        return new(Side, Side, WithNoise(bitmap.GetPixelSpan(), ref random));
    }

    // The upper left corner is left a little freer than the others: mosaics put their tags there.
    static void DrawShape(SKCanvas canvas, DrawnShapes.Shape shape, SKColor colour, ref DataRandom random)
    {
        var radius = shape.IsWord ? random.Next(11.5f, 14.5f) : random.Next(8f, 12f);
        var slack = Math.Max(0.5f, Side / 2f - 1.1f * radius);
        var x = Side / 2f + random.Next(-0.6f, 1f) * slack;
        var y = Side / 2f + (shape.IsWord ? random.Next(-1f, 7f) : random.Next(-0.6f, 1f) * slack);
        canvas.Translate(x, y);
        canvas.RotateDegrees(random.Next(-12f, 12f));
        canvas.Scale(radius * random.Next(0.92f, 1.05f), radius * random.Next(0.92f, 1.05f));
        using var path = shape.Outline();
        using var paint = new SKPaint { Color = colour, IsAntialias = true };
        canvas.DrawPath(path, paint);
    }

    static SKColor Colour(ref DataRandom random) =>
        new((byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256));

    static byte[] WithNoise(ReadOnlySpan<byte> rgba, ref DataRandom random)
    {
        var amplitude = random.Next(2, 10);
        var pixels = new byte[Side * Side * 3];
        for (var i = 0; i < Side * Side; i++)
        {
            var bits = random.NextBits();
            for (var channel = 0; channel < 3; channel++, bits >>= 16)
            {
                var noise = (int)((bits & 0xFFFF) * (ulong)(2 * amplitude + 1) >> 16) - amplitude;
                pixels[3 * i + channel] = (byte)Math.Clamp(rgba[4 * i + channel] + noise, 0, 255);
            }
        }
        return pixels;
    }
}
