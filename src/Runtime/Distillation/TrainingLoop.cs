using System.Diagnostics;
using System.Globalization;
using MmMamba.Runtime.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>
/// The one loop behind the stages and the teacher's training: batches in, gradients from the caller, schedule, clip, AdamW, reports
/// out. It holds no model; what a step computes is the caller's.
/// </summary>
/// <param name="name">The run's name in reports and errors.</param>
/// <param name="options">How long and how fast.</param>
/// <param name="trained">The trained tensors by name; the names decide on weight decay.</param>
public sealed class TrainingLoop(string name, TrainingOptions options, IReadOnlyList<NamedParameter> trained)
{
    /// <summary>Runs all steps.</summary>
    /// <param name="data">Batches, at least steps * accumulation of them.</param>
    /// <param name="gradients">Computes a batch's loss, adds its gradients to the trained tensors, and returns the loss (a detached scalar).
    /// It is called within a scope of its own and need not dispose anything.</param>
    /// <param name="progress">Told after every step, on the calling thread.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <exception cref="InputException">The data ends early, or the loss or gradient is no finite number.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public TrainingSummary Run(
        IEnumerable<Batch> data, Func<Batch, Tensor> gradients,
        IProgress<StepReport>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Steps, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Accumulation, 1);
        if (trained.Count == 0) throw new InputException($"{name}: nothing is trained; name groups under the stage's 'train'");

        var schedule = new LearningRateSchedule(options.Schedule, options.LearningRate, options.Steps);
        using var optimizer = new AdamW(trained, options.Optimizer);
        using var batches = data.GetEnumerator();
        var pace = new Pace();
        var (firstLoss, loss, totalTokens) = (0.0, 0.0, 0L);

        optimizer.ClearGradients();
        for (var step = 0; step < options.Steps; step++)
        {
            loss = 0;
            var tokens = 0L;
            for (var part = 0; part < options.Accumulation; part++)
            {
                cancellation.ThrowIfCancellationRequested();
                if (!batches.MoveNext())
                    throw new InputException(Text($"{name}: the data ended in step {step + 1} of {options.Steps}; give more of it, or fewer steps"));
                using var scope = NewDisposeScope();
                tokens += TokenMask.CountTokens(batches.Current.Input);
                loss += gradients(batches.Current).item<float>() / options.Accumulation;
            }

            if (!double.IsFinite(loss)) throw Diverged("loss", loss, step);
            if (options.Accumulation > 1) optimizer.ScaleGradients(1.0 / options.Accumulation);
            var norm = GradientClip.Apply(optimizer.Parameters, options.Clip);
            if (!double.IsFinite(norm)) throw Diverged("gradient's norm", norm, step);

            var rate = schedule.At(step);
            optimizer.Step(rate);
            optimizer.ClearGradients();

            if (step == 0) firstLoss = loss;
            totalTokens += tokens;
            pace.Add(tokens);
            progress?.Report(new StepReport(
                name, step + 1, options.Steps, loss, rate, norm, tokens, pace.TokensPerSecond, pace.Elapsed, pace.Remaining(options.Steps - step - 1)));
        }

        return new TrainingSummary(options.Steps, firstLoss, loss, totalTokens, pace.Elapsed);
    }

    InputException Diverged(string what, double value, int step) => new(Text(
        $"{name}: the {what} is {value} in step {step + 1} of {options.Steps}; a lower learning rate than {options.LearningRate} or a lower clip than {options.Clip} may help"));

    static string Text(FormattableString message) => message.ToString(CultureInfo.InvariantCulture);

    /// <summary>Time and tokens, smoothed over the last steps so that a slow start does not spoil the estimate.</summary>
    sealed class Pace
    {
        const double Smoothing = 0.1;

        readonly Stopwatch _watch = Stopwatch.StartNew();
        TimeSpan _last;
        double _seconds, _tokens, _weight;

        public TimeSpan Elapsed => _watch.Elapsed;
        public double TokensPerSecond => _seconds > 0 ? _tokens / _seconds : 0;

        public void Add(long tokens)
        {
            var now = _watch.Elapsed;
            _seconds += Smoothing * ((now - _last).TotalSeconds - _seconds);
            _tokens += Smoothing * (tokens - _tokens);
            _weight += Smoothing * (1 - _weight);
            _last = now;
        }

        public TimeSpan Remaining(int steps) => TimeSpan.FromSeconds(steps * _seconds / _weight);
    }
}
