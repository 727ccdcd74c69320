using MmMamba.Cli.Reports;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;

namespace MmMamba.Cli.Tests.Reports;

/// <summary>A run as it might have been.</summary>
static class Example
{
    public static AccuracyReport Accuracy { get; } = new(
        ["teacher", "seeded", "distilled"],
        [
            new("present", 0.5, [new(475, 500), new(262, 500), new(455, 500)]),
            new("at", 0.0833, [new(448, 500), new(41, 500), new(391, 500)]),
            new("beside", 0.0833, [new(402, 500), new(44, 500), new(318, 500)]),
            new("count", 0.2, [new(390, 500), new(118, 500), new(341, 500)]),
            new("choice", 1 / 3.0, [new(462, 500), new(170, 500), new(430, 500)]),
        ]);

    public static RunReport Report { get; } = new()
    {
        Title = "TinyMmMambaHybrid from TinyHovle",
        Summary = "Seeded from its teacher and distilled in three stages on drawn pictures.",
        CommandLine = "mmmamba distill TinyMmMambaHybrid --output runs/tiny",
        Facts =
        [
            new("seed", "7"), new("data", "drawn: 12 classes, 2x2 to 4x4 mosaics"), new("device", "cpu, 2 threads"),
            new("libtorch", "2.10.0"), new("mmmamba", "0.1.0"), new("took", "8:41"),
        ],
        Stages = [Decay("introduced", 300, 3.1, 0.02), Decay("mixer", 300, 0.9, 0.3), Decay("end_to_end", 900, 2.2, 0.35)],
        Accuracy = Accuracy,
        Sheet = "TinyMmMambaHybrid\n  8 layers: 6 Mamba-2, 2 attention\n  parameters 2,345,678\n",
        Transfer = "TinyMmMambaHybrid begins as TinyHovle, seed mimic\n\nTinyMmMambaHybrid: 121 tensors\n  copied  97 tensors   2,345,678\n",
        Chain = new(new("TinyHovle", "0123456789abcdef", new string('c', 64)), 7,
        [
            new(StageKind.Introduced, true, new string('a', 64)),
            new(StageKind.Mixer, false, new string('b', 64)) { Train = [TensorGroup.Query, TensorGroup.GateNorm], LearningRate = 5e-4, Batch = 32, Steps = 300, Seed = 7, Data = "drawn", FirstLoss = 0.9, LastLoss = 0.3 },
        ]),
    };

    static StageCurve Decay(string name, int steps, double first, double last) => new(name,
    [
        .. Enumerable.Range(1, steps).Select(step => new CurvePoint(
            step,
            last + (first - last) * Math.Exp(-6.0 * step / steps) * (1 + 0.15 * Math.Sin(step * 12.9898)) + 0.02 * Math.Abs(Math.Sin(step * 78.233)),
            3e-3 * Math.Min(1, step / (0.1 * steps)) * Math.Min(1, (steps - step) / (0.2 * steps)),
            step == 7 ? double.PositiveInfinity : 4 * Math.Exp(-3.0 * step / steps))),
    ]);
}
