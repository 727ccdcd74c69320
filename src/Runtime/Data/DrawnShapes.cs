using MmMamba.Runtime.Vision;
using SkiaSharp;

namespace MmMamba.Runtime.Data;

/// <summary>Outlines of the drawn classes, in a square from -1 to 1 with y downwards.</summary>
static class DrawnShapes
{
    /// <summary>A class: its name, its outline, and what fits the picture.</summary>
    /// <param name="Name">The class's name.</param>
    /// <param name="Outline">Makes the outline.</param>
    /// <param name="IsWord">Whether it is a rendered word: read from left to right, wider than high.</param>
    public sealed record Shape(string Name, Func<SKPath> Outline, bool IsWord);

    /// <summary>The classes, in the order of their indices.</summary>
    public static IReadOnlyList<Shape> All { get; } =
    [
        new("circle", Circle, false),
        new("ring", Ring, false),
        new("moon", Moon, false),
        new("heart", Heart, false),
        new("square", () => Polygon(-0.8f, -0.8f, 0.8f, -0.8f, 0.8f, 0.8f, -0.8f, 0.8f), false),
        new("diamond", () => Polygon(0, -1.1f, 0.72f, 0, 0, 1.1f, -0.72f, 0), false),
        new("triangle", () => Polygon(0, -0.95f, 1, 0.8f, -1, 0.8f), false),
        new("star", Star, false),
        new("cross", () => Polygon(
            -0.34f, -1, 0.34f, -1, 0.34f, -0.34f, 1, -0.34f, 1, 0.34f, 0.34f, 0.34f,
            0.34f, 1, -0.34f, 1, -0.34f, 0.34f, -1, 0.34f, -1, -0.34f, -0.34f, -0.34f), false),
        new("sun", () => Word("SUN"), true),
        new("key", () => Word("KEY"), true),
        new("cup", () => Word("CUP"), true),
    ];

    static SKPath Circle()
    {
        var path = new SKPath();
        path.AddCircle(0, 0, 0.95f);
        return path;
    }

    static SKPath Ring()
    {
        var path = new SKPath { FillType = SKPathFillType.EvenOdd };
        path.AddCircle(0, 0, 1);
        path.AddCircle(0, 0, 0.55f);
        return path;
    }

    // Two arcs through the crescent's tips: the outer one the long way round, the inner one back.
    static SKPath Moon()
    {
        var path = new SKPath();
        path.MoveTo(0.45f, -0.92f);
        path.ArcTo(1, 1, 0, SKPathArcSize.Large, SKPathDirection.CounterClockwise, 0.45f, 0.92f);
        path.ArcTo(0.96f, 0.96f, 0, SKPathArcSize.Small, SKPathDirection.Clockwise, 0.45f, -0.92f);
        path.Close();
        return path;
    }

    static SKPath Heart()
    {
        var path = new SKPath();
        path.MoveTo(0, 1);
        path.CubicTo(-1.35f, 0.1f, -1.15f, -0.95f, -0.55f, -0.95f);
        path.CubicTo(-0.2f, -0.95f, 0, -0.7f, 0, -0.4f);
        path.CubicTo(0, -0.7f, 0.2f, -0.95f, 0.55f, -0.95f);
        path.CubicTo(1.15f, -0.95f, 1.35f, 0.1f, 0, 1);
        path.Close();
        return path;
    }

    static SKPath Star()
    {
        var points = new float[20];
        for (var i = 0; i < 10; i++)
        {
            var (sin, cos) = Math.SinCos(Math.PI * (i / 5.0 - 0.5));
            var radius = i % 2 == 0 ? 1.1 : 0.46;
            (points[2 * i], points[2 * i + 1]) = ((float)(radius * cos), (float)(radius * sin));
        }
        return Polygon(points);
    }

    static SKPath Polygon(params ReadOnlySpan<float> points)
    {
        var path = new SKPath();
        path.MoveTo(points[0], points[1]);
        for (var i = 2; i < points.Length; i += 2) path.LineTo(points[i], points[i + 1]);
        path.Close();
        return path;
    }

    // Pixels of a row that touch are one rectangle, so that no seams show between them when the word is turned.
    static SKPath Word(string text)
    {
        var path = new SKPath { FillType = SKPathFillType.Winding };
        var pixel = 2f / BitmapFont.Measure(text);
        for (var i = 0; i < text.Length; i++)
            for (var y = 0; y < BitmapFont.Height; y++)
                for (var x = 0; x < BitmapFont.Width; x++)
                    if (BitmapFont.Pixel(text[i], x, y))
                    {
                        var left = -1 + (i * (BitmapFont.Width + 1) + x) * pixel;
                        var top = (y - BitmapFont.Height / 2f) * pixel * 1.25f;
                        path.AddRect(new(left, top, left + pixel * 1.02f, top + pixel * 1.27f));
                    }
        return path;
    }
}
