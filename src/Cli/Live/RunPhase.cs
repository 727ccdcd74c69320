using System.Globalization;
using MmMamba.Cli.Jobs;
using MmMamba.Runtime.Distillation;

namespace MmMamba.Cli.Live;

/// <summary>A phase of a run, as far as it has come: a stage with its figures, or the asking of a model.</summary>
sealed class RunPhase(string name)
{
    public string Name { get; } = name;
    public StepReport? Report { get; set; }
    public long? MemoryBytes { get; set; }
    public string? Note { get; set; }
    public TimeSpan Began { get; set; }
    public TimeSpan? Took { get; set; }

    /// <summary>The figures of the step that was taken last, each with its name; none before the first.</summary>
    public IEnumerable<string> Figures()
    {
        if (Report is not { } step) yield break;
        yield return Text($"step {step.Step}/{step.Steps}");
        yield return Text($"loss {step.Loss:0.####}");
        yield return Text($"lr {step.LearningRate:0.##e-0;;0}");
        yield return Text($"norm {step.GradientNorm:0.###}");
        yield return Text($"{step.TokensPerSecond:#,0} tokens/s");
        if (MemoryBytes is { } bytes) yield return Machine.Gigabytes(bytes);
        if (Took is null) yield return $"{Time(step.Remaining)} left";
    }

    /// <summary>Minutes and seconds, and hours where there are any.</summary>
    public static string Time(TimeSpan time) => time.TotalHours < 1
        ? Text($"{(int)time.TotalMinutes}:{time.Seconds:00}")
        : Text($"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}");

    static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
