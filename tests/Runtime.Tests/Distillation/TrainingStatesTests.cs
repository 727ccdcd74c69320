using System.Collections.Concurrent;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Tests.Checkpoints;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Distillation;

/// <summary>States on disk: which stay, which are believed, what is said, and what a run leaves when it stops.</summary>
public sealed class TrainingStatesTests : IDisposable
{
    static readonly TrainingOptions Options = new()
    {
        Steps = 8, Batch = 1, LearningRate = 0.1, Schedule = new(ScheduleKind.Linear, 0, 0), Optimizer = new(0.9, 0.999, 1e-8, 0.01), Clip = 5,
    };

    readonly TemporaryFolder _folder = new();
    readonly DisposeScope _scope = NewDisposeScope();
    readonly List<string> _told = [];

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    TrainingStates States(StateOptions? options = null) => new(_folder.Path, options ?? new() { EverySteps = 1, Keep = 100 }, _told.Add);

    string[] Kept => [.. Directory.GetFiles(_folder[TrainingStates.Folder]).Select(Path.GetFileName).Order(StringComparer.Ordinal)!];

    static string File(int step) => $"parabola-{step:D8}.safetensors";

    string PathOf(int step) => _folder[$"{TrainingStates.Folder}/{File(step)}"];

    static Batch Row(float value) => new(new ModelInput(zeros(1, 4, dtype: ScalarType.Int64), tensor(value)), []);

    static IEnumerable<Batch> Rows(params float[] values) => values.Select(Row);

    // Steps of two parts, a row each.
    static IEnumerable<Batch> Pairs(params float[] values) => values.Chunk(2).Select(pair => new Batch(
        new ModelInput(zeros(2, 4, dtype: ScalarType.Int64), tensor(pair)), [.. pair.Select(_ => new EncodedConversation([0, 0, 0, 0], [], 1, []))]));

    static IEnumerable<Batch> Rows(int count) => Rows([.. Enumerable.Range(1, count).Select(i => 1f + i % 3)]);

    /// <summary>Trains two numbers on a parabola as wide as its batches say; gives them.</summary>
    static float[] Run(TrainingStates? states, IEnumerable<Batch>? data = null, TrainingOptions? options = null, CancellationToken cancellation = default, Action<int>? at = null)
    {
        var weight = new Parameter(tensor(new[] { 3f, 4f }));
        var calls = 0;
        new TrainingLoop("parabola", options ?? Options, [new NamedParameter("weight", weight)]).Run(
            data ?? Rows(100),
            batch =>
            {
                at?.Invoke(++calls);
                var loss = (weight * batch.Input.PixelValues!).square().sum();
                loss.backward();
                return loss.detach();
            },
            null, cancellation, states);
        return [.. weight.data<float>()];
    }

    [Fact]
    public void States_stay_within_the_bound_the_last_the_best_and_every_nth_first()
    {
        // The loss rises from the third step on: that one is the best.
        var options = Options with { LearningRate = 1e-6 };
        Run(States(new() { EverySteps = 1, Keep = 4, KeepEvery = 5 }), Rows(3, 2, 1, 4, 5, 6, 7, 8), options);
        Assert.Equal([File(3), File(5), File(7), File(8)], Kept);
    }

    [Fact]
    public void When_the_artefact_is_written_what_was_asked_for_stays_but_for_the_last_and_what_is_no_state()
    {
        var options = Options with { LearningRate = 1e-6 };
        Assert.Equal([], Left(new() { EverySteps = 1, Keep = 5 }));
        Assert.Equal([File(3)], Left(new() { EverySteps = 1, Keep = 5, KeepBest = true }));
        Assert.Equal([File(3), File(4), File(6)], Left(new() { EverySteps = 1, Keep = 5, KeepEvery = 2 }));
        Assert.Equal([File(4), File(6)], Left(new() { EverySteps = 1, Keep = 3, KeepEvery = 2 }, 8, 7, 6, 5, 4, 3, 2, 1));
        Assert.Equal([], Left(new() { EverySteps = 1, Keep = 5, KeepBest = true }, 8, 7, 6, 5, 4, 3, 2, 1));

        string[] Left(StateOptions kept, params float[] losses)
        {
            Run(States(kept), Rows(losses.Length > 0 ? losses : [3, 2, 1, 4, 5, 6, 7, 8]), options);
            System.IO.File.WriteAllText(PathOf(2), "torn");
            States(kept).Finish("parabola");
            var left = Kept;
            States(new()).Finish("parabola"); // as when it is gone on with, and nothing is asked for any more
            Assert.Equal(left, Kept);
            foreach (var file in left) System.IO.File.Delete(_folder[$"{TrainingStates.Folder}/{file}"]);
            return left;
        }
    }

    [Fact]
    public void Options_that_keep_nothing_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new StateOptions { Keep = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new StateOptions { KeepEvery = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new StateOptions { EverySteps = 0 });
    }

    [Theory]
    [InlineData(true, 8f, 7f, 6f, 5f, 4f, 3f, 2f, 1f)]
    [InlineData(false, 3f, 2f, 1f, 4f, 5f, 6f, 7f, 8f)]
    public void A_process_that_ends_while_states_go_leaves_the_last_and_what_stays_is_the_same(bool isLastBest, params float[] losses)
    {
        var kept = new StateOptions { EverySteps = 1, Keep = 5, KeepBest = true };
        Run(States(kept), Rows(losses), Options with { LearningRate = 1e-6 });
        using var gone = new BlockingCollection<string>();
        using var watcher = new FileSystemWatcher(_folder[TrainingStates.Folder]);
        watcher.Deleted += (_, deleted) => gone.Add(deleted.Name!);
        watcher.EnableRaisingEvents = true;
        System.IO.File.Delete(PathOf(6)); // the first that goes; then the process ends
        States(kept).Finish("parabola");
        Assert.Equal(isLastBest ? [] : [File(3)], Kept);
        string[] order = [.. Enumerable.Range(0, isLastBest ? 5 : 4).Select(_ => gone.TryTake(out var name, TimeSpan.FromSeconds(30)) ? name : "none")];
        Assert.Equal(File(8), order[^1]);
    }

    [Fact]
    public void A_training_ends_at_a_state_with_what_it_had_learned_by_then_and_reads_and_writes_nothing()
    {
        var options = Options with { Schedule = new(ScheduleKind.Constant, 0, 0) };
        var five = Run(null, options: options with { Steps = 5 });
        Run(States(), options: options);
        var state = SavedState.Read(PathOf(5));
        Assert.Equal((PathOf(5), "parabola", 5, options), (state.Path, state.Stage, state.Step, state.Options));
        string[] before = [.. Kept];

        var weight = new Parameter(zeros(2));
        var summary = new TrainingLoop("parabola", state.Options, [new NamedParameter("weight", weight)]).Run([], _ => throw new InvalidOperationException(), states: state.End());
        Assert.Equal(five, weight.data<float>().ToArray());
        Assert.Equal(5, summary.Steps);
        Assert.Equal(before, Kept);

        Assert.Contains("is of the parabola stage", Assert.Throws<InputException>(() =>
            new TrainingLoop("line", state.Options, [new NamedParameter("weight", weight)]).Run([], _ => throw new InvalidOperationException(), states: state.End())).Message);
        Flip(PathOf(5));
        Assert.Contains("is damaged", Assert.Throws<InputException>(() => Run(state.End(), options: options)).Message);
        System.IO.File.WriteAllText(PathOf(5), "torn");
        Assert.Throws<InputException>(() => SavedState.Read(PathOf(5)));
    }

    [Fact]
    public void A_bound_of_one_keeps_the_last_alone()
    {
        Run(States(new() { EverySteps = 3, EveryTime = null, Keep = 1 }));
        Assert.Equal([File(8)], Kept);
    }

    [Fact]
    public void Time_asks_for_states_too_and_the_end_always_does()
    {
        Run(States(new() { EveryTime = TimeSpan.FromHours(1), Keep = 9 }));
        Assert.Equal([File(8)], Kept);
        States().Finish("parabola");
        Assert.Empty(Kept);
        Run(States(new() { EveryTime = TimeSpan.Zero, Keep = 9 }));
        Assert.Equal(8, Kept.Length);
    }

    [Fact]
    public void A_state_with_any_bit_changed_is_never_taken_for_sound()
    {
        Run(States());
        var whole = System.IO.File.ReadAllBytes(PathOf(8));
        var random = new Random(5);
        for (var i = 0; i < whole.Length; i++)
        {
            var changed = whole.ToArray();
            changed[i] ^= (byte)(1 << random.Next(8));
            System.IO.File.WriteAllBytes(PathOf(8), changed);
            Assert.Contains(File(8), Assert.Throws<InputException>(() => StateFile.Open(PathOf(8)).Dispose()).Message);
        }
        foreach (var length in Enumerable.Range(0, 40).Select(i => whole.Length * i / 40))
        {
            System.IO.File.WriteAllBytes(PathOf(8), whole[..length]);
            Assert.Throws<InputException>(() => StateFile.Open(PathOf(8)).Dispose());
        }
        System.IO.File.WriteAllBytes(PathOf(8), whole);
        StateFile.Open(PathOf(8)).Dispose();
    }

    [Fact]
    public void A_state_that_the_system_does_not_give_stops_the_run_and_no_other_is_lost()
    {
        Run(States());
        System.IO.File.Delete(PathOf(8));
        System.IO.File.CreateSymbolicLink(PathOf(8), PathOf(8)); // a link to itself is never opened
        string[] before = [.. Kept];
        _told.Clear();
        Assert.Contains(File(8), Assert.Throws<InputException>(() => Run(States())).Message);
        Assert.Empty(_told); // none is passed by
        Assert.Equal(before, Kept);
    }

    [Fact]
    public void A_damaged_state_is_named_and_the_newest_sound_one_is_taken()
    {
        var expected = Run(States());
        Flip(PathOf(8));
        System.IO.File.WriteAllBytes(PathOf(7), System.IO.File.ReadAllBytes(PathOf(7))[..^5]);
        Assert.Equal(expected, Run(States()));
        Assert.Equal(3, _told.Count);
        Assert.Contains($"{File(8)}: is damaged: its content is not what was written", _told[0]);
        Assert.Contains(File(7), _told[1]);
        Assert.Equal("goes on after step 6 of 8", _told[2]);

        _told.Clear();
        foreach (var file in Kept) Flip(_folder[$"{TrainingStates.Folder}/{file}"]);
        Assert.Equal(expected, Run(States()));
        Assert.Equal("no sound state is left; it begins anew", _told[^1]);
    }

    static void Flip(string path)
    {
        var bytes = System.IO.File.ReadAllBytes(path);
        bytes[^3] ^= 4;
        System.IO.File.WriteAllBytes(path, bytes);
    }

    [Fact]
    public void A_run_with_other_options_or_tensors_is_refused_by_name()
    {
        Run(States());
        var error = Assert.Throws<InputException>(() => Run(States(), options: Options with { LearningRate = 0.2, Seed = 4, Schedule = new(ScheduleKind.Cosine, 0, 0) }));
        Assert.Contains("learning_rate was 0.1 and is 0.2; schedule.kind was 'Linear' and is 'Cosine'", error.Message);
        Assert.Contains("seed was 0 and is 4", error.Message);
        error = Assert.Throws<InputException>(() => new TrainingLoop("parabola", Options, [new("weight", new Parameter(zeros(3)))])
            .Run(Rows(8), _ => throw new InvalidOperationException(), states: States()));
        Assert.Contains("trains other tensors: 'weight/weight' does not fit", error.Message);
        error = Assert.Throws<InputException>(() => new TrainingLoop("parabola", Options, []).Run(Rows(8), _ => throw new InvalidOperationException(), states: States()));
        Assert.Contains("nothing is trained", error.Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(13)]
    public void A_cancelled_run_keeps_its_last_whole_step_and_goes_on_bit_for_bit(int call)
    {
        var options = Options with { MicroBatch = 1 };
        IEnumerable<Batch> Data() => Pairs([.. Enumerable.Range(1, 16).Select(i => 1f + i % 3)]);
        var expected = Run(null, Data(), options);
        using var cancellation = new CancellationTokenSource();
        var states = States(new() { EveryTime = null });
        Assert.Throws<OperationCanceledException>(() => Run(states, Data(), options, cancellation.Token, at: now =>
        {
            if (now == call) cancellation.Cancel();
        }));
        var done = call / 2; // what a step has gathered half is dropped
        Assert.Equal(done == 0 ? [] : [File(done)], Directory.Exists(_folder[TrainingStates.Folder]) ? Kept : []);
        Assert.Equal(expected, Run(States(), Data(), options));
        Assert.Equal(done == 0 ? [] : [$"goes on after step {done} of 8"], _told);
    }

    [Fact]
    public void Skipped_steps_move_nothing_and_are_counted()
    {
        var reports = new Reports();
        var weight = new Parameter(tensor(new[] { 3f, 4f }));
        var before = new List<float>();
        var summary = new TrainingLoop("parabola", Options with { Steps = 5, MostSkippedInRow = 3 }, [new("weight", weight)]).Run(
            Rows(1, float.NaN, float.PositiveInfinity, 1, 3e30f), // the last one's loss is too large, its gradient more so
            batch =>
            {
                before.Add(weight[0].item<float>());
                var loss = (weight * batch.Input.PixelValues!).square().sum();
                loss.backward();
                return loss.detach();
            },
            reports);
        Assert.Equal([false, true, true, false, true], reports.All.Select(report => report.Skipped));
        Assert.Equal([0, 1, 2, 2, 3], reports.All.Select(report => report.SkippedSteps));
        Assert.Equal(3, summary.SkippedSteps);
        Assert.Equal((25.0, reports.All[3].Loss), (Math.Round(summary.FirstLoss, 4), summary.LastLoss));
        Assert.NotEqual(before[0], before[1]);
        Assert.Equal(before[1], before[2]);
        Assert.Equal(before[1], before[3]);
        Assert.Equal(before[4], weight[0].item<float>());
    }

    [Theory]
    [InlineData(float.NaN, "the loss is NaN")]
    [InlineData(1e15f, "the gradient's norm is Infinity")]
    public void Too_many_steps_in_a_row_without_numbers_stop_the_run_and_save_the_batch(float value, string why)
    {
        var options = Options with { MicroBatch = 1, MostSkippedInRow = 3, Steps = 9 };
        float[] values = [1, 1, 1, value, value, 1, 1, 1, 1, value, value, 1, 1, value, 1, 1];
        var error = Assert.Throws<InputException>(() => Run(States(), Pairs(values), options));
        var path = _folder["stopped-parabola-00000007.safetensors"];
        Assert.StartsWith($"parabola: {why} in step 7 of 9, and 3 steps in a row had no finite numbers; the batch is in {path}; a lower learning rate", error.Message);
        using var file = SafetensorsFile.Open(path);
        Assert.Equal(["input_ids", "pixel_values"], file.Tensors.Select(tensor => tensor.Name).Order());
        Assert.Contains(value, file.Read("pixel_values").data<float>().ToArray());
        Assert.Equal("7", file.Metadata["step"]);
        // What was done stays, and going on comes to the same end.
        Assert.Equal(File(6), Kept[^1]);
        Assert.Equal(error.Message, Assert.Throws<InputException>(() => Run(States(), Pairs(values), options)).Message);
    }

    [Fact]
    public void A_run_that_never_had_a_finite_loss_says_so() =>
        Assert.Contains("no step could be taken", Assert.Throws<InputException>(() => Run(null, Rows(float.NaN, float.NaN), Options with { Steps = 2 })).Message);

    [Fact]
    public void Unreadable_conversations_are_counted_once_also_over_a_break_and_stop_the_run_beyond_the_bound()
    {
        IEnumerable<Batch> Data() => Rows(8).Select((row, i) => row with { Unreadable = i switch { 1 => ["a:1"], 4 => ["a:1", "b:2"], 6 => ["c:3"], _ => [] } });
        var options = Options with { MostUnreadable = 3 };
        var expected = Run(States(), Data(), options);
        System.IO.File.Delete(PathOf(8));
        System.IO.File.Delete(PathOf(7));
        System.IO.File.Delete(PathOf(6));
        Assert.Equal(expected, Run(States(), Data(), options));
        Assert.Equal(["a:1", "b:2", "c:3"], StateFile.ReadState(PathOf(8)).Unreadable);
        foreach (var file in Kept) System.IO.File.Delete(_folder[$"{TrainingStates.Folder}/{file}"]);
        var error = Assert.Throws<InputException>(() => Run(States(), Data(), options with { MostUnreadable = 2 }));
        Assert.Equal("parabola: 3 conversations cannot be read, and at most 2 are passed by: a:1; b:2; c:3", error.Message);
        Assert.Equal(File(6), Kept[^1]);
    }
}
