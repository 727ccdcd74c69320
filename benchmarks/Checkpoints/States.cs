using System.Diagnostics;
using System.Globalization;
using MmMamba.Runtime;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Checkpoints.Benchmarks;

/// <summary>A training's states, timed: what a run pays for one, and for going on from it.</summary>
static class States
{
    const int Tensors = 100, Written = 3;

    /// <param name="folder">Where the states are written; they are removed again.</param>
    /// <param name="parameters">How many are trained, in float32.</param>
    /// <param name="device">Where they are.</param>
    public static string Measure(string folder, long parameters, Device device)
    {
        var (writing, since) = (new List<double>(), new Stopwatch());
        Run(Written, before: since.Restart, step: () =>
        {
            if (since.IsRunning) writing.Add(since.Elapsed.TotalSeconds);
        });
        var files = new DirectoryInfo(Path.Combine(folder, TrainingStates.Folder));
        var bytes = files.GetFiles().Max(file => file.Length);
        File.Delete(Path.Combine(files.FullName, $"states-{Written + 1:D8}.safetensors")); // the last step is left to do
        foreach (var file in files.GetFiles()) FileCache.Drop(file.FullName);

        var (clock, resumed) = (Stopwatch.StartNew(), 0.0);
        Run(Written, before: () => { }, step: () => resumed = clock.Elapsed.TotalSeconds);
        files.Delete(recursive: true);
        return string.Create(CultureInfo.InvariantCulture, $"{parameters,13:#,0} {bytes / 1e6,10:#,0.0} {writing.Min(),8:0.000} {writing.Max(),8:0.000} {resumed,8:0.000}");

        void Run(int steps, Action before, Action step)
        {
            using var scope = NewDisposeScope();
            NamedParameter[] trained = [.. Enumerable.Range(0, Tensors).Select(i => new NamedParameter($"tensor{i}", new Parameter(zeros(parameters / Tensors, device: device))))];
            new TrainingLoop("states", Options(steps + 1), trained).Run(
                Enumerable.Repeat(new Batch(new ModelInput(zeros(1, 1, dtype: ScalarType.Int64)), []), steps + 1),
                _ =>
                {
                    step();
                    return zeros([]);
                },
                states: new(folder, new() { EverySteps = 1, EveryTime = null, Keep = 2 }, before: before));
        }
    }

    static TrainingOptions Options(int steps) => new()
    {
        Steps = steps, Batch = 1, LearningRate = 1, Schedule = new(MmMamba.Runtime.Plans.ScheduleKind.Constant, 0, 0), Optimizer = new(0.9, 0.999, 1e-8, 0), Clip = 1,
    };
}
