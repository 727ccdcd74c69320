using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using MmMamba.Runtime.Tests.Engine;
using MmMamba.Runtime.Tests.Kernels.Emulation;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>Single tokens of several sequences at once by kernels of our own, against plain operations.</summary>
/// <param name="device">Where the tensors lie.</param>
/// <param name="emulated">Seed of the emulator that runs the kernels; null where the device does.</param>
/// <param name="steps">Of each comparison.</param>
public abstract class BatchStepTests(Device device, ulong? emulated, int steps)
{
    const string Captured = "captured CUDA graph";

    readonly Device _device = device;

    IDisposable? Running() => emulated is { } seed ? KernelDevice.StandIn(EmulatedDevice.Here(seed)) : null;

    static ModelPlan Plan(string name) => name switch { "linear" => GoldenModel.Linear, "hybrid" => GoldenModel.Hybrid, "teacher" => GoldenModel.Hovle, _ => GoldenModel.Named(name) };

    // What each sequence reads: a prompt of some length, then a token a step. One of them ends, and some rest for a step.
    static (int[][] Prompts, int[][] Steps) Drawn(ModelPlan plan, int sequences, int steps, int seed, bool unequal = true)
    {
        var random = new Random(seed);
        int Id() => random.Next(plan.Tokens.Image);
        int[][] prompts = [.. Enumerable.Range(0, sequences).Select(row => Enumerable.Range(0, unequal ? 3 + row * 5 % 11 : 9).Select(_ => Id()).ToArray())];
        int[][] after = [.. Enumerable.Range(0, steps).Select(t => Enumerable.Range(0, sequences)
            .Select(row => unequal && (row == 1 && t > 0 || row % 4 == 2 && t == 0) ? Sequences.Rests : Id()).ToArray())];
        return (prompts, after);
    }

    // Rows filled up with pads, and which of them are none.
    static ModelInput Input(int[][] rows)
    {
        var length = rows.Max(row => row.Length);
        var ids = tensor(rows.SelectMany(row => row.Concat(Enumerable.Repeat(0, length - row.Length))).Select(id => (long)id).ToArray(), [rows.Length, length]);
        var mask = tensor(rows.SelectMany(row => Enumerable.Range(0, length).Select(i => i < row.Length)).ToArray(), [rows.Length, length]);
        return new(ids, AttentionMask: rows.All(row => row.Length == length) ? null : mask);
    }

    static int[][] Rows(int[] step) => [.. step.Select(id => id == Sequences.Rests ? Array.Empty<int>() : [id])];

    static Prompt[] Prompts(int[][] rows) => [.. rows.Select(row => new Prompt(row))];

    void Check(VisionLanguageModel model, int sequences, int seed, double tolerance, string what, bool unequal = true)
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        var (prompts, after) = Drawn(model.Plan, sequences, steps, seed, unequal);
        using var ours = new Sequences(model, sequences, 40 + steps);
        using var plain = model.CreateCache(sequences, 40 + steps);
        ours.Read(Prompts(prompts));
        Assert.Null(ours.DecodePath);
        model.Forward(Input(prompts), plain);
        for (var t = 0; t < steps; t++)
        {
            var rows = Rows(after[t]);
            var expected = model.Forward(Input(rows), plain);
            var logits = ours.Read(Prompts(rows));
            for (var row = 0; row < sequences; row++)
            {
                if (rows[row].Length == 0)
                {
                    Assert.Equal(0, logits[row].abs().max().item<float>());
                    continue;
                }
                Golden.Close(expected[row, 0], logits[row], tolerance, $"{what}, step {t}, sequence {row}");
                Assert.Equal((int)logits[row].argmax().item<long>(), ours.Picked![row]);
            }
        }
        Assert.Equal(Captured, ours.DecodePath);
        for (var row = 0; row < sequences; row++) Assert.Equal([.. prompts[row], .. after.Select(step => step[row]).Where(id => id != Sequences.Rests)], ours[row]);
        Assert.Equal(unequal, ours.Cache.HasPads);
        if (unequal) Assert.True(ours.Cache.Real!.eq(plain.Real!).all().item<bool>());
        foreach (var (mine, theirs) in ours.Cache.Zip(plain))
            foreach (var ((name, tensor), (_, expected)) in mine.Filled().Zip(theirs.Filled()))
            {
                if (tensor.numel() == 0) continue;
                // A pad's key and value are nobody's.
                if (mine is KvCache && plain.Real is { } real) Golden.Close(expected * real.view(sequences, 1, -1, 1), tensor * real.view(sequences, 1, -1, 1), tolerance, name);
                else Golden.Close(expected, tensor, tolerance, name);
            }
    }

    [Theory]
    [InlineData("hybrid", 2, true)]
    [InlineData("hybrid", 3, true)]
    [InlineData("hybrid", 8, true)]
    [InlineData("hybrid", 9, true)]
    [InlineData("linear", 8, false)]
    [InlineData("teacher", 17, true)]
    [InlineData("teacher", 34, true)]
    public void Steps_are_those_of_plain_operations(string name, int sequences, bool unequal)
    {
        using var model = GoldenModel.Load(Plan(name), device: _device);
        Check(model, sequences, seed: sequences, 1e-4, name, unequal);
    }

    [Theory]
    [InlineData("GoldenSwitches", 3)]
    [InlineData("GoldenNtk", 4)]
    [InlineData("TinyMmMambaHybrid", 2)]
    public void Every_switch_is_as_in_plain_operations(string name, int sequences)
    {
        var plan = GoldenModel.Named(name);
        using var drawn = new VisionLanguageModel(
            plan, plan.Teacher is { } teacher ? new SeededParameters(GoldenModel.Named(teacher), 1, _device) : new DrawnParameters(1, _device));
        // Copied, to lie as tensors on a GPU do, which a kernel reads 16 bytes at a time.
        using var model = new VisionLanguageModel(plan, new GoldenModel.Values(drawn.Tensors.ToDictionary(entry => entry.Key, entry => (Tensor)entry.Value), device: _device));
        // What begins as a constant would hide which of its numbers is read.
        using (no_grad())
        using (NewDisposeScope())
            foreach (var tensor in model.Tensors.Values.Where(tensor => tensor.dim() == 1 || tensor.shape[^1] <= 4)) tensor.add_(randn_like(tensor), 0.2);
        Check(model, sequences, seed: 7, 1e-4, name);
    }

    [Theory]
    [InlineData("linear", 3)]
    [InlineData("hybrid", 9)]
    [InlineData("teacher", 32)]
    public void In_bfloat16_they_are_no_further_from_float32_than_plain_operations(string name, int sequences)
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        using var half = GoldenModel.Load(Plan(name), ScalarType.BFloat16, _device);
        // The same numbers, with room for what is computed of them.
        using var exact = new VisionLanguageModel(Plan(name), new GoldenModel.Values(half.Tensors.ToDictionary(entry => entry.Key, entry => (Tensor)entry.Value), device: _device));
        using var ours = new Sequences(half, sequences, 40 + steps);
        using var plain = half.CreateCache(sequences, 40 + steps);
        using var truth = exact.CreateCache(sequences, 40 + steps);
        var (prompts, after) = Drawn(half.Plan, sequences, steps, seed: 5);
        ours.Read(Prompts(prompts));
        half.Forward(Input(prompts), plain);
        exact.Forward(Input(prompts), truth);
        var (mine, theirs) = (0.0, 0.0);
        foreach (var step in after)
        {
            var rows = Rows(step);
            var (expected, half0, read) = (exact.Forward(Input(rows), truth), half.Forward(Input(rows), plain), ours.Read(Prompts(rows)));
            for (var row = 0; row < sequences; row++)
            {
                if (rows[row].Length == 0) continue;
                mine += Distance(read[row], expected[row, 0]);
                theirs += Distance(half0[row, 0], expected[row, 0]);
            }
        }
        Assert.Equal(Captured, ours.DecodePath);
        Assert.InRange(mine, 0, 1.1 * theirs);

        static double Distance(Tensor actual, Tensor expected) => ((actual - expected).norm() / expected.norm()).item<float>();
    }

    /// <summary>Sequences end one after the other, a prompt is nobody's, and one is read when some have ended.</summary>
    [Fact]
    public void Answers_that_end_at_different_times_are_those_of_each_sequence_alone()
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        using var model = GoldenModel.Load(GoldenModel.Hybrid, device: _device);
        int[][] prompts = [[3, 1, 4], [5, 9], [], [2, 6, 5, 3, 5, 8]];
        const int most = 4;
        int[][] alone = [.. prompts.Select(prompt => prompt.Length == 0 ? [] : Greedy(model, prompt, most + 1))];
        using var sequences = new Sequences(model, prompts.Length, 40);
        // The second one's second token ends it.
        var stop = alone[1][1];
        Assert.DoesNotContain(stop, alone[0][..most]);
        var written = TokenGenerator.Run(sequences, Prompts(prompts), [stop], new() { MaxTokens = most });
        Assert.Equal(Captured, sequences.DecodePath);
        for (var row = 0; row < prompts.Length; row++)
        {
            var end = Array.IndexOf(alone[row], stop) is var at && at >= 0 && at < most ? at + 1 : prompts[row].Length == 0 ? 0 : most;
            Assert.Equal(alone[row][..end], written[row].Ids);
        }
        // One goes on, one reads a longer text, and one begins.
        int[] text = [7, 8, 9];
        var next = sequences.Read([new([alone[0][most - 1]]), new(text), new(text), new([])]);
        var after = sequences.Read([new([1]), new([]), new([2]), new([])]);
        Golden.Close(Last(model, [.. prompts[0], .. alone[0][..most], 1]), after[0], 1e-4, "the first sequence");
        Golden.Close(Last(model, [.. prompts[1], alone[1][0], .. text]), next[1], 1e-4, "the second sequence");
        Golden.Close(Last(model, [.. text, 2]), after[2], 1e-4, "the third sequence");
    }

    Tensor Last(VisionLanguageModel model, int[] ids) => model.Forward(new(tensor(ids.Select(id => (long)id).ToArray()).unsqueeze(0)))[0, -1];

    int[] Greedy(VisionLanguageModel model, int[] prompt, int tokens)
    {
        List<int> ids = [.. prompt];
        for (var i = 0; i < tokens; i++)
            ids.Add((int)Last(model, [.. ids]).index_fill(-1, tensor([(long)model.Plan.Tokens.Image], device: _device), float.NegativeInfinity).argmax().item<long>());
        return [.. ids.Skip(prompt.Length)];
    }

    [Fact]
    public void Back_at_a_mark_everything_is_as_it_was()
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        using var model = GoldenModel.Load(GoldenModel.Hybrid, device: _device);
        using var sequences = new Sequences(model, 3, 24);
        sequences.Read([new([1, 2, 3]), new([4, 5, 6]), new([7, 8, 9])]);
        using var mark = sequences.Mark();
        var expected = sequences.Read([new([1]), new([2]), new([3])]);
        sequences.Read([new([1]), new([]), new([3])]);
        mark.Return();
        Assert.True(sequences.Read([new([1]), new([2]), new([3])]).eq(expected).all().item<bool>());
        Assert.False(sequences.Cache.HasPads);
        sequences.Reset();
        sequences.Read([new([1, 2, 3]), new([4, 5, 6]), new([7, 8, 9])]);
        Assert.True(sequences.Read([new([1]), new([2]), new([3])]).eq(expected).all().item<bool>());
    }

    [Fact]
    public void Of_more_than_64_sequences_it_is_said()
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        using var model = GoldenModel.Load(GoldenModel.Linear, device: _device);
        using var sequences = new Sequences(model, 65, 4);
        for (var i = 0; i < 2; i++) sequences.Read([.. Enumerable.Range(0, 65).Select(row => new Prompt([row]))]);
        // Behind the emulator is a CPU, whose own code has the last word.
        Assert.Equal($"plain operations: {(emulated is null ? "there are more than 64 sequences" : "there are several sequences")}", sequences.DecodePath);
    }
}

public sealed class BatchStepTestsOnCuda() : BatchStepTests(TestDevice.Cuda, null, steps: 12);

public sealed class BatchStepTestsEmulated() : BatchStepTests(TestDevice.Cpu, emulated: 1, steps: 2);
