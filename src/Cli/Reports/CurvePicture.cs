using System.Globalization;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Vision;
using SkiaSharp;

namespace MmMamba.Cli.Reports;

/// <summary>The stages' losses as a PNG, a panel a stage. Labels are drawn with the bundled font, so it looks the same on every host.</summary>
static class CurvePicture
{
    const int Width = 960, PanelHeight = 340, Left = 90, Right = 30, Top = 56, Bottom = 46, Scale = 2;

    static readonly SKColor Paper = new(0xFF, 0xFF, 0xFF), Ink = new(0x1D, 0x1F, 0x21), Soft = new(0x62, 0x66, 0x6B), Rule = new(0xE1, 0xE1, 0xDB), Line = new(0x0B, 0x7A, 0x6F);

    /// <summary>Writes the picture.</summary>
    /// <param name="path">The PNG's path.</param>
    /// <param name="stages">At least one stage.</param>
    /// <exception cref="ArgumentException">There is no stage.</exception>
    public static void Write(string path, IReadOnlyList<StageCurve> stages)
    {
        if (stages.Count == 0)
            throw new ArgumentException("A picture needs at least one stage.", nameof(stages));
        using var surface = SKSurface.Create(new SKImageInfo(Width, PanelHeight * stages.Count, SKColorType.Rgba8888, SKAlphaType.Opaque));
        surface.Canvas.Clear(Paper);
        for (var i = 0; i < stages.Count; i++)
            Panel(surface.Canvas, stages[i], i * PanelHeight);
        using var image = surface.Snapshot();
        using var png = image.Encode(SKEncodedImageFormat.Png, 100);
        AtomicFile.Write(path, png.SaveTo);
    }

    static void Panel(SKCanvas canvas, StageCurve stage, int top)
    {
        if (CurveTrace.Of(stage) is not { } trace)
        {
            Label(canvas, $"{stage.Name}: no finite loss was recorded", Left, top + 18, Ink);
            return;
        }
        Label(canvas, string.Create(CultureInfo.InvariantCulture, $"{trace.Name}: loss {Figures.Loss(trace.LastLoss)} after {trace.Steps} steps"), Left, top + 18, Ink);

        using var rule = new SKPaint { Color = Rule, StrokeWidth = 1, IsAntialias = false };
        foreach (var tick in trace.LossAxis.Ticks)
        {
            canvas.DrawLine(Left, Y(tick.Value), Width - Right, Y(tick.Value), rule);
            Label(canvas, tick.Label, Left - 10 - Scale * BitmapFont.Measure(tick.Label), Y(tick.Value) - Scale * BitmapFont.Height / 2f, Soft);
        }
        var foot = top + PanelHeight - Bottom;
        foreach (var tick in trace.StepAxis.Ticks)
        {
            canvas.DrawLine(X(tick.Value), foot, X(tick.Value), foot + 6, rule);
            Label(canvas, tick.Label, X(tick.Value) - Scale * BitmapFont.Measure(tick.Label) / 2f, foot + 12, Soft);
        }

        using var band = new SKPath();
        band.AddPoly([.. trace.Points.Select(point => new SKPoint(X(point.Step), Y(point.High))), .. trace.Points.Reverse().Select(point => new SKPoint(X(point.Step), Y(point.Low)))]);
        using var fill = new SKPaint { Color = Line.WithAlpha(46), IsAntialias = true };
        canvas.DrawPath(band, fill);
        using var line = new SKPath();
        line.AddPoly([.. trace.Points.Select(point => new SKPoint(X(point.Step), Y(point.Mean)))], close: false);
        using var pen = new SKPaint { Color = Line, StrokeWidth = 2.5f, Style = SKPaintStyle.Stroke, StrokeJoin = SKStrokeJoin.Round, IsAntialias = true };
        canvas.DrawPath(line, pen);

        float X(double step) => (float)(Left + trace.StepAxis.At(step) * (Width - Left - Right));

        float Y(double loss) => (float)(top + Top + (1 - trace.LossAxis.At(loss)) * (PanelHeight - Top - Bottom));
    }

    static void Label(SKCanvas canvas, string text, float x, float y, SKColor color)
    {
        using var paint = new SKPaint { Color = color, IsAntialias = false };
        var (left, top) = (MathF.Round(x), MathF.Round(y));
        for (var i = 0; i < text.Length; i++, left += Scale * (BitmapFont.Width + 1))
            for (var row = 0; row < BitmapFont.Height; row++)
                for (var column = 0; column < BitmapFont.Width; column++)
                    if (BitmapFont.Pixel(text[i], column, row))
                        canvas.DrawRect(left + Scale * column, top + Scale * row, Scale, Scale, paint);
    }
}
