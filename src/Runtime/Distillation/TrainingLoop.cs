using System.Diagnostics;
using System.Globalization;
using MmMamba.Runtime.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>
/// The one loop behind the stages and the teacher's training: batches in, gradients from the caller, schedule, clip, AdamW, reports
/// and states out. It holds no model; what a step computes is the caller's.
/// </summary>
/// <param name="name">The run's name in reports and errors.</param>
/// <param name="options">How long and how fast.</param>
/// <param name="trained">The trained tensors by name; the names decide on weight decay.</param>
public sealed class TrainingLoop(string name, TrainingOptions options, IReadOnlyList<NamedParameter> trained)
{
    /// <summary>Runs all steps, or those that are left after a state.</summary>
    /// <param name="data">
    /// Batches from the first step on, at least steps * accumulation of them. After a state, those that it has used up are left out: a
    /// <see cref="IBatchSequence"/> is entered at the next one, of others they are read.
    /// </param>
    /// <param name="gradients">Computes a batch's loss, adds its gradients to the trained tensors, and returns the loss (a detached scalar).
    /// It is called within a scope of its own and need not dispose anything.</param>
    /// <param name="progress">Told after every step, on the calling thread.</param>
    /// <param name="cancellation">Stops between two batches; a state is written.</param>
    /// <param name="states">Where the run goes on and where its states are written; null keeps none.</param>
    /// <exception cref="InputException">
    /// The data ends early or holds too much that cannot be read; loss or gradient are no finite numbers in too many steps in a row; or a state
    /// cannot be written.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public TrainingSummary Run(
        IEnumerable<Batch> data, Func<Batch, Tensor> gradients,
        IProgress<StepReport>? progress = null, CancellationToken cancellation = default, TrainingStates? states = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Steps, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Accumulation, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MostSkippedInRow, 1);
        if (trained.Count == 0) throw new InputException($"{name}: nothing is trained; name groups under the stage's 'train'");

        var schedule = new LearningRateSchedule(options.Schedule, options.LearningRate, options.Steps);
        using var optimizer = new AdamW(trained, options.Optimizer);
        var state = states?.Restore(name, options, optimizer) ?? new TrainingState { Stage = name };
        using var batches = From(data, state.Batches).GetEnumerator();
        var pace = new Pace(state.Elapsed);

        optimizer.ClearGradients();
        while (state.Step < options.Steps)
        {
            Gathered gathered;
            try
            {
                gathered = Gather(state, batches, gradients, optimizer, states, cancellation);
            }
            catch (Exception stop) when (stop is OperationCanceledException or InputException)
            {
                // Nothing has moved since the last step: its state is whole. What this step has gathered is dropped, and computed again.
                states?.Write(state with { Elapsed = pace.Elapsed }, options, optimizer);
                throw;
            }

            if (options.Accumulation > 1) optimizer.ScaleGradients(1.0 / options.Accumulation);
            var norm = GradientClip.Apply(optimizer.Parameters, options.Clip);
            var rate = schedule.At(state.Step);
            var sound = double.IsFinite(gathered.Loss) && double.IsFinite(norm);
            if (sound) optimizer.Step(rate);
            optimizer.ClearGradients();

            pace.Add(gathered.Tokens);
            state = (sound ? state.Taken(gathered.Loss) : state.Passed()) with
            {
                Batches = state.Batches + options.Accumulation, Tokens = state.Tokens + gathered.Tokens, Unreadable = gathered.Unreadable, Elapsed = pace.Elapsed,
            };
            progress?.Report(new StepReport(
                name, state.Step, options.Steps, gathered.Loss, rate, norm, gathered.Tokens, pace.TokensPerSecond, state.Elapsed, pace.Remaining(options.Steps - state.Step))
            {
                Skipped = !sound, SkippedSteps = state.Skipped, Unreadable = state.Unreadable.Count,
            });
            if (states is not null && (state.Step == options.Steps || states.IsDue(state.Step))) states.Write(state, options, optimizer);
        }

        return state is { FirstLoss: { } first, LastLoss: { } last }
            ? new TrainingSummary(options.Steps, first, last, state.Tokens, state.Elapsed) { SkippedSteps = state.Skipped, Unreadable = state.Unreadable }
            : throw new InputException(Text($"{name}: no step could be taken: loss or gradient were no finite numbers in all {options.Steps}; {Advice}"));
    }

    static IEnumerable<Batch> From(IEnumerable<Batch> data, long number) => data switch
    {
        _ when number == 0 => data,
        IBatchSequence sequence => sequence.From(number),
        _ => data.Skip(checked((int)number)),
    };

    readonly record struct Gathered(double Loss, long Tokens, IReadOnlyList<string> Unreadable);

    // One step's batches. After a loss that is no number the others are passed by: the step is lost, and the data stays in step with it.
    Gathered Gather(
        TrainingState state, IEnumerator<Batch> batches, Func<Batch, Tensor> gradients, AdamW optimizer, TrainingStates? states, CancellationToken cancellation)
    {
        var (loss, tokens, unreadable) = (0.0, 0L, state.Unreadable);
        var isLastChance = state.SkippedInRow + 1 >= options.MostSkippedInRow;
        for (var part = 0; part < options.Accumulation; part++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (!batches.MoveNext())
                throw new InputException(Text($"{name}: the data ended in step {state.Step + 1} of {options.Steps}; give more of it, or fewer steps"));
            var batch = batches.Current;
            unreadable = Bounded(unreadable, batch);
            using var scope = NewDisposeScope();
            tokens += TokenMask.CountTokens(batch.Input);
            if (!double.IsFinite(loss)) continue;
            loss += gradients(batch).item<float>() / options.Accumulation;
            if (!isLastChance) continue;
            if (!double.IsFinite(loss)) throw Stopped("loss", loss, state, batch, states);
            var norm = GradientClip.Apply(optimizer.Parameters, double.PositiveInfinity);
            if (!double.IsFinite(norm)) throw Stopped("gradient's norm", norm, state, batch, states);
        }

        return new(loss, tokens, unreadable);
    }

    IReadOnlyList<string> Bounded(IReadOnlyList<string> known, Batch batch)
    {
        if (batch.Unreadable.Count == 0) return known;
        string[] all = [.. known.Union(batch.Unreadable)];
        return all.Length <= options.MostUnreadable ? all : throw new InputException(Text(
            $"{name}: {all.Length} conversations cannot be read, and at most {options.MostUnreadable} are passed by: {string.Join("; ", all.Select(OneLine))}"));
    }

    InputException Stopped(string what, double value, TrainingState state, Batch batch, TrainingStates? states)
    {
        var times = options.MostSkippedInRow == 1 ? "" : Text($", and {options.MostSkippedInRow} steps in a row had no finite numbers");
        var why = Text($"{name}: the {what} is {value} in step {state.Step + 1} of {options.Steps}{times}");
        var kept = states is null ? "" : $"; the batch is in {states.SaveBatch(name, state.Step + 1, batch, why)}";
        return new($"{why}{kept}; {Advice}") { Repeats = true };
    }

    string Advice => Text($"a lower learning rate than {options.LearningRate} or a lower clip than {options.Clip} may help");

    static string OneLine(string text) => text.ReplaceLineEndings(" ");

    static string Text(FormattableString message) => message.ToString(CultureInfo.InvariantCulture);

    /// <summary>Time and tokens, smoothed over the last steps so that a slow start does not spoil the estimate.</summary>
    sealed class Pace(TimeSpan before)
    {
        const double Smoothing = 0.1;

        readonly Stopwatch _watch = Stopwatch.StartNew();
        TimeSpan _last;
        double _seconds, _tokens, _weight;

        public TimeSpan Elapsed => before + _watch.Elapsed;
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
