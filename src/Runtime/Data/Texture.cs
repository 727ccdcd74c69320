using SkiaSharp;

namespace MmMamba.Runtime.Data;

/// <summary>Backgrounds of the drawn pictures: two near colours in a pattern.</summary>
static class Texture
{
    const int Kinds = 5;

    /// <summary>Covers the canvas, <paramref name="side"/> pixels wide and high.</summary>
    public static void Draw(SKCanvas canvas, int side, SKColor colour, ref DataRandom random)
    {
        var second = Near(colour, ref random);
        canvas.Clear(colour);
        using var paint = new SKPaint { Color = second, IsAntialias = true };
        canvas.Save();
        canvas.RotateDegrees(random.Next(-45f, 45f), side / 2f, side / 2f);
        switch (random.Next(Kinds))
        {
            case 0: Stripes(canvas, side, paint, ref random); break;
            case 1: Checks(canvas, side, paint, ref random); break;
            case 2: Dots(canvas, side, paint, ref random); break;
            case 3: Blotches(canvas, side, paint, ref random); break;
            default: Slope(canvas, side, colour, second); break;
        }
        canvas.Restore();
    }

    /// <summary>Brightness as the eye weighs it, 0 to 255.</summary>
    public static float Luma(SKColor colour) => 0.299f * colour.Red + 0.587f * colour.Green + 0.114f * colour.Blue;

    static SKColor Near(SKColor colour, ref DataRandom random)
    {
        var shift = random.Next(18, 34) * (random.Chance(0.5) ? 1 : -1);
        byte Move(byte value, int extra) => (byte)Math.Clamp(value + shift + extra, 0, 255);
        return new(Move(colour.Red, random.Next(-8, 8)), Move(colour.Green, random.Next(-8, 8)), Move(colour.Blue, random.Next(-8, 8)));
    }

    static void Stripes(SKCanvas canvas, int side, SKPaint paint, ref DataRandom random)
    {
        var period = random.Next(5f, 10f);
        for (var x = -side + random.Next(0f, period); x < 2 * side; x += period)
            canvas.DrawRect(x, -side, period * 0.5f, 3 * side, paint);
    }

    static void Checks(SKCanvas canvas, int side, SKPaint paint, ref DataRandom random)
    {
        var cell = random.Next(4f, 8f);
        var count = (int)(2 * side / cell) + 1;
        for (var row = 0; row < count; row++)
            for (var column = row & 1; column < count; column += 2)
                canvas.DrawRect(-side / 2f + column * cell, -side / 2f + row * cell, cell, cell, paint);
    }

    static void Dots(SKCanvas canvas, int side, SKPaint paint, ref DataRandom random)
    {
        var period = random.Next(5f, 9f);
        for (var y = -side / 2f; y < 1.5f * side; y += period)
            for (var x = -side / 2f; x < 1.5f * side; x += period)
                canvas.DrawCircle(x, y, period * 0.3f, paint);
    }

    static void Blotches(SKCanvas canvas, int side, SKPaint paint, ref DataRandom random)
    {
        for (var i = 0; i < 9; i++)
            canvas.DrawOval(random.Next(0f, side), random.Next(0f, side), random.Next(2f, 7f), random.Next(2f, 7f), paint);
    }

    static void Slope(SKCanvas canvas, int side, SKColor from, SKColor to)
    {
        using var shader = SKShader.CreateLinearGradient(
            new(0, 0), new(side, 0), [from, to], null, SKShaderTileMode.Clamp);
        using var paint = new SKPaint { Shader = shader };
        canvas.DrawRect(-side, -side, 3 * side, 3 * side, paint);
    }
}
