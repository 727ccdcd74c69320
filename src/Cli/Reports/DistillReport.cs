using System.Globalization;
using System.Runtime.InteropServices;
using MmMamba.Cli.Jobs;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Rendering;
using MmMamba.Runtime.Checkpoints;
using Spectre.Console;

namespace MmMamba.Cli.Reports;

/// <summary>What a distillation came to: a table on the screen, and sheet, curves and page in its folder.</summary>
static class DistillReport
{
    /// <param name="model">The student.</param>
    /// <param name="outcome">How it went.</param>
    /// <param name="settings">What it was told.</param>
    /// <param name="teacher">Where the teacher came from.</param>
    /// <param name="took">Time of the whole run.</param>
    /// <param name="output">Receives the files.</param>
    /// <param name="console">Receives the table.</param>
    public static void Write(
        ResolvedModel model, DistillOutcome outcome, RunSettings settings, string teacher, TimeSpan took, RunFolder output, IAnsiConsole console)
    {
        var sheet = Sheet.Render(model);
        var stages = StageCurve.Of(outcome.Curves);
        var accuracy = AccuracyReport.Of(("teacher", outcome.Teacher), ("seeded", outcome.Seeded), ("distilled", outcome.Distilled)) with { Compares = outcome.Void.Count == 0 };
        CheckpointFolder.WriteText(output.At("sheet.txt"), sheet);
        if (stages.Count > 0) CurvePicture.Write(output.At("curves.png"), stages);
        ReportHtml.Write(output.At("report.html"), new()
        {
            Title = $"{model.Name} distilled from {model.Teacher}",
            Summary = model.Summary,
            CommandLine = string.Join(' ', ["mmmamba", .. Environment.GetCommandLineArgs().Skip(1).Select(Quoted)]),
            Facts =
            [
                new("data", settings.Data.Description),
                new("teacher", teacher),
                new("seed", settings.Seed.ToString(CultureInfo.InvariantCulture)),
                new("took", string.Create(CultureInfo.InvariantCulture, $"{(int)took.TotalMinutes} min {took.Seconds} s{(output.IsResumed ? " since it was taken up again" : "")}")),
                new("computed by", Compute.Describe(settings.Device)),
                new("version", string.Create(CultureInfo.InvariantCulture, $"mmmamba {typeof(DistillReport).Assembly.GetName().Version?.ToString(3)}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}")),
            ],
            Stages = stages,
            Accuracy = accuracy,
            Void = outcome.Void,
            Sheet = sheet,
        });
        ReportTable.Write(console, accuracy);
        if (accuracy.Recovered is { } share)
            Say(FormattableString.Invariant($"recovered {100 * share:0.0} % of what the teacher knows and the seeded student does not"));
        foreach (var reason in outcome.Void) Say($"the comparison is void: {reason}");

        void Say(string line) => console.Profile.Out.Writer.WriteLine(Printable.Line(line));
    }

    static string Quoted(string argument) => argument.Any(char.IsWhiteSpace) ? $"'{argument}'" : argument;
}
