using System.Diagnostics;
using System.Globalization;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Data;

namespace MmMamba.Runtime.Distillation;

/// <summary>
/// The states of a run in its folder: written at the end of optimizer steps, kept within a bound, and taken up again from the newest one that is sound.
/// One process at a time works on a folder; whoever opens it sees to that.
/// </summary>
/// <param name="folder">The run's folder; states lie in <see cref="Folder"/> below it.</param>
/// <param name="options">When states are written and how many stay; null takes the defaults.</param>
/// <param name="tell">Told what a person should know: which state is taken up, and which was damaged.</param>
/// <param name="before">Called before a state is written: what else has to be on the disk when it is.</param>
public sealed class TrainingStates(string folder, StateOptions? options = null, Action<string>? tell = null, Action? before = null)
{
    /// <summary>Where states lie in a run's folder.</summary>
    public const string Folder = "states";

    const string Extension = ".safetensors";

    readonly StateOptions _options = options ?? new();
    readonly SavedState? _end;
    readonly string _states = Path.Combine(folder, Folder);
    // Of the stage at work, by step: what decides on which files stay.
    readonly SortedDictionary<int, (int Number, double Loss)> _kept = [];
    long _last = Stopwatch.GetTimestamp();
    int _number;

    internal TrainingStates(SavedState end) : this("") => _end = end;

    /// <summary>Whether the run ends where its state stands, however many steps it was to have.</summary>
    internal bool AreEnd => _end is not null;

    /// <summary>Takes up the newest sound state of a stage; null when there is none, and the stage begins.</summary>
    /// <exception cref="InputException">The state is of a run with other options or other tensors.</exception>
    internal TrainingState? Restore(string stage, TrainingOptions training, AdamW optimizer)
    {
        if (_end is not null)
            return _end.Stage == stage ? StateFile.Take(_end.Path, training, optimizer) : throw new InputException($"{_end.Path}: is of the {_end.Stage} stage; the {stage} stage can't end there");
        _kept.Clear();
        (_last, _number) = (Stopwatch.GetTimestamp(), 0);
        TrainingState? taken = null;
        var isAnyDamaged = false;
        foreach (var (step, path) in Files(stage).OrderByDescending(file => file.Step))
        {
            try
            {
                // The newest sound one is read in full; of those before it the header tells what they are.
                var state = taken is null ? TakeUp(path, training, optimizer) : StateFile.ReadState(path);
                taken ??= state;
                _number = Math.Max(_number, state.Number);
                _kept[step] = (state.Number, state.SmoothedLoss ?? double.PositiveInfinity);
            }
            catch (DamagedStateException damaged)
            {
                isAnyDamaged = true;
                tell?.Invoke($"{damaged.Message}; it is passed by");
            }
            catch (InputException error) when (taken is not null && !IsUnreadable(error))
            {
                // Not needed and not sound: it goes when the next state is written.
            }
        }
        if (taken is not null) tell?.Invoke(string.Create(CultureInfo.InvariantCulture, $"goes on after step {taken.Step} of {training.Steps}"));
        else if (isAnyDamaged) tell?.Invoke("no sound state is left; it begins anew");
        return taken;
    }

    static TrainingState TakeUp(string path, TrainingOptions training, AdamW optimizer)
    {
        StateFile file;
        try
        {
            file = StateFile.Open(path);
        }
        catch (InputException error) when (!IsUnreadable(error))
        {
            throw new DamagedStateException(error);
        }
        using (file)
        {
            file.Restore(training, optimizer);
            return file.State;
        }
    }

    // A file that the system does not give is not damaged: nothing is passed by, and nothing goes, on its account. One that ends too early is.
    static bool IsUnreadable(InputException error) => error.InnerException is UnauthorizedAccessException or (IOException and not EndOfStreamException);

    /// <summary>Whether the steps or the time since the last state ask for another.</summary>
    internal bool IsDue(int step) =>
        (_options.EverySteps is { } steps && step % steps == 0) || (_options.EveryTime is { } time && Stopwatch.GetElapsedTime(_last) >= time);

    /// <summary>Writes a state, unless there is nothing new in it, and lets go of those beyond the bound.</summary>
    /// <exception cref="InputException">It cannot be written; those before it stay.</exception>
    internal void Write(TrainingState state, TrainingOptions training, AdamW optimizer)
    {
        if (state.Step == 0 || (_kept.Count > 0 && _kept.Keys.Last() == state.Step)) return;
        before?.Invoke();
        state = state with { Number = ++_number };
        StateFile.Write(PathOf(state.Stage, state.Step), state, training, optimizer);
        _kept[state.Step] = (state.Number, state.SmoothedLoss ?? double.PositiveInfinity);
        var staying = Staying();
        foreach (var (step, path) in Files(state.Stage))
            if (!staying.Contains(step)) File.Delete(path);
        foreach (var step in _kept.Keys.Except(staying).ToArray()) _kept.Remove(step);
        _last = Stopwatch.GetTimestamp();
    }

    HashSet<int> Staying()
    {
        var newest = _kept.Reverse().ToArray();
        int[] wanted =
        [
            newest[0].Key,
            _kept.MinBy(state => state.Value.Loss).Key,
            .. newest.Where(state => _options.KeepEvery is { } every && state.Value.Number % every == 0).Select(state => state.Key),
            .. newest.Select(state => state.Key),
        ];
        return [.. wanted.Distinct().Take(_options.Keep)];
    }

    /// <summary>
    /// Lets go of a stage's states: its artefact is on the disk. What was asked for stays (<see cref="StateOptions.KeepEvery"/>, <see cref="StateOptions.KeepBest"/>), but
    /// for the last, which the artefact is. The last goes last: where it is gone this was done before, and what stays then stays, whatever is asked for now.
    /// </summary>
    public void Finish(string stage)
    {
        var files = Files(stage).OrderBy(file => file.Step).ToArray();
        (string Path, TrainingState State, TrainingOptions Options)[] sound = [.. files.Select(file => Header(file.Path)).OfType<(string, TrainingState, TrainingOptions)>()];
        if (sound.Length == files.Length && !sound.Any(state => IsLast(state.State, state.Options))) return;
        var staying = Asked(sound);
        foreach (var (_, path) in files)
            if (!staying.Contains(path)) File.Delete(path);
    }

    static bool IsLast(TrainingState state, TrainingOptions options) => state.Step >= options.Steps;

    HashSet<string> Asked((string Path, TrainingState State, TrainingOptions Options)[] states)
    {
        if (_options.KeepEvery is null && !_options.KeepBest) return [];
        var best = states.Length == 0 ? null : states.MinBy(state => state.State.SmoothedLoss ?? double.PositiveInfinity).Path;
        return
        [
            .. from state in states
               where !IsLast(state.State, state.Options) && (state.Path == best || _options.KeepEvery is { } every && state.State.Number % every == 0)
               select state.Path,
        ];
    }

    // None of a file that is no whole state.
    static (string Path, TrainingState State, TrainingOptions Options)? Header(string path)
    {
        try
        {
            var (state, options) = StateFile.ReadHeader(path);
            return (path, state, options);
        }
        catch (InputException error) when (!IsUnreadable(error))
        {
            return null;
        }
    }

    /// <summary>Saves the batch that a run stopped at; returns the file.</summary>
    internal string SaveBatch(string stage, int step, Batch batch, string why)
    {
        var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"stopped-{stage}-{step:D8}{Extension}"));
        List<(string, TorchSharp.torch.Tensor)> tensors = [("input_ids", batch.Input.InputIds)];
        if (batch.Input.PixelValues is { } pixels) tensors.Add(("pixel_values", pixels));
        if (batch.Input.AttentionMask is { } mask) tensors.Add(("attention_mask", mask));
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { ["stage"] = stage, ["step"] = step.ToString(CultureInfo.InvariantCulture), ["why"] = why });
        return path;
    }

    string PathOf(string stage, int step) => Path.Combine(_states, string.Create(CultureInfo.InvariantCulture, $"{stage}-{step:D8}{Extension}"));

    (int Step, string Path)[] Files(string stage) => !Directory.Exists(_states) ? [] :
    [
        .. from path in Directory.EnumerateFiles(_states, $"{stage}-*{Extension}")
           let name = Path.GetFileNameWithoutExtension(path)
           where int.TryParse(name.AsSpan(stage.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _)
           select (int.Parse(name.AsSpan(stage.Length + 1), CultureInfo.InvariantCulture), path),
    ];

    sealed class DamagedStateException(InputException why) : Exception(why.Message, why);
}
