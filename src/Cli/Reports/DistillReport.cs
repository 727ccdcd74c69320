using MmMamba.Cli.Jobs;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Rendering;
using Spectre.Console;

namespace MmMamba.Cli.Reports;

/// <summary>What a distillation came to: a table on the screen, and the files of its folder.</summary>
static class DistillReport
{
    public static void Write(ResolvedModel model, DistillOutcome outcome, RunSettings settings, TimeSpan took, OutputFolder output, IAnsiConsole console)
    {
        File.WriteAllText(output.At("sheet.txt"), Sheet.Render(model));
        AccuracyTable.Print("teacher", outcome.Teacher);
        AccuracyTable.Print("seeded", outcome.Seeded);
        AccuracyTable.Print("distilled", outcome.Distilled);
        console.WriteLine($"recovered {outcome.Recovered:P1}");
        foreach (var reason in outcome.Void) console.WriteLine(reason);
    }
}
