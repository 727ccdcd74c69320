using System.Diagnostics;
using System.Globalization;
using MmMamba.Runtime.Data;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>One training in the loop: its tensors, optimizer, schedule, and how far it has come.</summary>
sealed class TrainingLane : IDisposable
{
    readonly string _name;
    readonly AdamW _optimizer;
    readonly LearningRateSchedule _schedule;
    readonly IProgress<StepReport>? _progress;
    readonly TrainingStates? _states;
    TrainingState _state;
    Pace _pace = new(TimeSpan.Zero);
    IReadOnlyList<string>? _unreadable;
    double _loss;
    Tensor? _unread;

    /// <param name="name">The run's name in reports and errors.</param>
    /// <param name="options">How long and how fast.</param>
    /// <param name="trained">The trained tensors by name.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="states">Where it goes on; null keeps none.</param>
    public TrainingLane(string name, TrainingOptions options, IReadOnlyList<NamedParameter> trained, IProgress<StepReport>? progress, TrainingStates? states)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Steps, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MicroBatch ?? 1, 1, nameof(options.MicroBatch));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MicroBatchTokens ?? 1, 1, nameof(options.MicroBatchTokens));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MostSkippedInRow, 1);
        if (trained.Count == 0) throw new InputException($"{name}: nothing is trained; name groups under the stage's 'train'");
        if (options is { Packing: true, MaskPadding: false }) throw new InputException($"{name}: padding counts in its loss, and packing leaves none; take one of the two");
        (_name, Options, _progress, _states) = (name, options, progress, states);
        _schedule = new(options.Schedule, options.LearningRate, options.Steps);
        _optimizer = new(trained, options.Optimizer);
        _state = new() { Stage = name };
    }

    public TrainingOptions Options { get; }

    /// <summary>Number of its next batch.</summary>
    public long Batches => _state.Batches;

    public bool IsDone => _states is { AreEnd: true } || _state.Step >= Options.Steps;

    /// <summary>Whether the loss of the step so far is a number; waits for it.</summary>
    public bool IsSound => double.IsFinite(Loss());

    /// <summary>Goes on after the newest state, if there is one.</summary>
    public void Begin()
    {
        _state = _states?.Restore(_name, Options, _optimizer) ?? _state;
        _pace = new(_state.Elapsed);
        _optimizer.ClearGradients();
    }

    /// <summary>Takes a step's batch, if not too much could not be read.</summary>
    public void Admit(Batch batch)
    {
        _loss = 0;
        Forget();
        if (batch.Unreadable.Count == 0) return;
        string[] all = [.. _state.Unreadable.Union(batch.Unreadable)];
        if (all.Length > Options.MostUnreadable)
            throw new InputException(Text($"{_name}: {all.Length} conversations cannot be read, and at most {Options.MostUnreadable} are passed by: {string.Join("; ", all.Select(OneLine))}"));
        _unreadable = all;
    }

    /// <summary>Adds a part's loss (a scalar), whose gradients the tensors have. It is read when it is asked for: until then a GPU is not waited for.</summary>
    public void Gather(Tensor loss, Batch batch)
    {
        Loss();
        _unread = loss.detach().DetachFromDisposeScope();
        if (_state.SkippedInRow + 1 < Options.MostSkippedInRow) return;
        if (!IsSound) throw Stopped("loss", _loss, batch);
        var norm = GradientClip.Apply(_optimizer.Parameters, double.PositiveInfinity);
        if (!double.IsFinite(norm)) throw Stopped("gradient's norm", norm, batch);
    }

    // Of the parts so far.
    double Loss()
    {
        if (_unread is not null) _loss += _unread.item<float>();
        Forget();
        return _loss;
    }

    void Forget()
    {
        _unread?.Dispose();
        _unread = null;
    }

    /// <summary>Takes the step, unless loss or gradient is no number, and tells of it.</summary>
    public void Finish(long tokens)
    {
        var rate = _schedule.At(_state.Step);
        var (norm, sound) = Move(rate);

        _pace.Add(tokens);
        _state = (sound ? _state.Taken(_loss) : _state.Passed()) with
        {
            Batches = _state.Batches + 1, Tokens = _state.Tokens + tokens, Unreadable = _unreadable ?? _state.Unreadable, Elapsed = _pace.Elapsed,
        };
        _progress?.Report(new StepReport(
            _name, _state.Step, Options.Steps, _loss, rate, norm, tokens, _pace.TokensPerSecond, _state.Elapsed, _pace.Remaining(Options.Steps - _state.Step))
        {
            Skipped = !sound, SkippedSteps = _state.Skipped, Unreadable = _state.Unreadable.Count,
        });
        if (_states is not null && (IsDone || _states.IsDue(_state.Step))) Keep();
    }

    (double Norm, bool IsSound) Move(double rate)
    {
        using var part = StepProfile.Enter(StepPart.Update);
        // A step of one part waits here and nowhere else: for the norm, and the loss is there by then.
        var norm = GradientClip.Apply(_optimizer.Parameters, Options.Clip);
        var sound = IsSound && double.IsFinite(norm);
        if (sound) _optimizer.Step(rate);
        _optimizer.ClearGradients();
        return (norm, sound);
    }

    /// <summary>Writes a state of the last whole step.</summary>
    public void Keep() => _states?.Write(_state with { Elapsed = _pace.Elapsed }, Options, _optimizer);

    public TrainingSummary Summary() => _state is { FirstLoss: { } first, LastLoss: { } last }
        ? new TrainingSummary(_state.Step, first, last, _state.Tokens, _state.Elapsed) { SkippedSteps = _state.Skipped, Unreadable = _state.Unreadable }
        : throw new InputException(Text($"{_name}: no step could be taken: loss or gradient were no finite numbers in all {Options.Steps}; {Advice}"));

    public static InputException DataEnded(IReadOnlyList<TrainingLane> lanes) => lanes.Count == 0
        ? new("the data ended before the first batch that is still needed; give more of it")
        : new(Text($"{lanes[0]._name}: the data ended in step {lanes[0]._state.Step + 1} of {lanes[0].Options.Steps}; give more of it, or fewer steps"));

    InputException Stopped(string what, double value, Batch batch)
    {
        var times = Options.MostSkippedInRow == 1 ? "" : Text($", and {Options.MostSkippedInRow} steps in a row had no finite numbers");
        var why = Text($"{_name}: the {what} is {value} in step {_state.Step + 1} of {Options.Steps}{times}");
        var kept = _states is null ? "" : $"; the batch is in {_states.SaveBatch(_name, _state.Step + 1, batch, why)}";
        return new($"{why}{kept}; {Advice}") { Repeats = true };
    }

    string Advice => Text($"a lower learning rate than {Options.LearningRate} or a lower clip than {Options.Clip} may help");

    static string OneLine(string text) => text.ReplaceLineEndings(" ");

    static string Text(FormattableString message) => message.ToString(CultureInfo.InvariantCulture);

    public void Dispose()
    {
        Forget();
        _optimizer.Dispose();
    }

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
