using System.Globalization;
using MmMamba.Cli.Jobs;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Review;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using Spectre.Console;

namespace MmMamba.Cli.Reports;

/// <summary>What a distillation came to: a table on the screen, and sheet, curves and page in its folder.</summary>
static class DistillReport
{
    /// <param name="model">The student.</param>
    /// <param name="from">Its teacher.</param>
    /// <param name="outcome">How it went.</param>
    /// <param name="settings">What it was told.</param>
    /// <param name="teacher">Where the teacher came from.</param>
    /// <param name="took">Time of the whole run.</param>
    /// <param name="output">Receives the files.</param>
    /// <param name="console">Receives the table.</param>
    public static void Write(
        ResolvedModel model, ResolvedModel from, DistillOutcome outcome, RunSettings settings, string teacher, TimeSpan took, RunFolder output, IAnsiConsole console)
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
            CommandLine = CommandText.Of(Environment.GetCommandLineArgs().Skip(1)),
            Facts =
            [
                new("data", settings.Data.Description),
                new("teacher", teacher),
                new("seed", settings.Seed.ToString(CultureInfo.InvariantCulture)),
                new("took", string.Create(CultureInfo.InvariantCulture, $"{(int)took.TotalMinutes} min {took.Seconds} s{(output.IsResumed ? " since it was taken up again" : "")}")),
                new("computed by", Compute.Describe(settings.Device)),
                .. Machine.Versions.Concat(Machine.Describe(settings.Device)).Select(told => new Fact(told.Key, told.Value)),
            ],
            Stages = stages,
            Accuracy = accuracy,
            Void = outcome.Void,
            Sheet = sheet,
            Transfer = TransferView.Text(model, from),
            Chain = ChainOf(output.At("student.safetensors")),
        });
        ReportTable.Write(console, accuracy);
        if (accuracy.Recovered is { } share)
            Say(FormattableString.Invariant($"recovered {100 * share:0.0} % of what the teacher knows and the seeded student does not"));
        foreach (var reason in outcome.Void) Say($"the comparison is void: {reason}");

        void Say(string line) => console.Profile.Out.Writer.WriteLine(Printable.Line(line));
    }

    static ArtefactChain? ChainOf(string student)
    {
        using var file = SafetensorsFile.Open(student);
        return file.Metadata.TryGetValue(ArtefactChain.MetadataKey, out var chain) ? ArtefactChain.Parse(chain) : null;
    }
}
