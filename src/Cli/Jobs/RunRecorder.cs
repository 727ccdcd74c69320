using MmMamba.Runtime.Distillation;
using TorchSharp;

namespace MmMamba.Cli.Jobs;

/// <summary>Shows every step of a run, and keeps its figures.</summary>
/// <param name="watcher">Shows them.</param>
/// <param name="metrics">Keeps them.</param>
/// <param name="device">Whose memory is told.</param>
sealed class RunRecorder(IStageWatcher watcher, MetricsFile metrics, torch.Device device) : IProgress<StepReport>
{
    StepReport _last;

    public void Report(StepReport value)
    {
        var memory = Machine.BytesOn(device);
        watcher.Report(value, memory);
        metrics.Step(_last = value, memory);
    }

    /// <summary>Says what of the steps that were reported was lost, if any was.</summary>
    public void TellLost() => TellLost(_last.SkippedSteps, _last.Unreadable);

    /// <summary>Says what a training lost, if it lost any.</summary>
    public void TellLost(TrainingSummary summary) => TellLost(summary.SkippedSteps, summary.Unreadable.Count);

    void TellLost(int skipped, int unreadable)
    {
        if (skipped + unreadable > 0)
            watcher.Note(FormattableString.Invariant($"{skipped} steps skipped without finite numbers, {unreadable} conversations passed by"));
    }
}
