using MmMamba.Runtime.Data;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Generation;

/// <summary>However a prompt is read, and whatever else is in the batch, what follows it is what a whole forward pass says.</summary>
public abstract class SequencesTests(Device device) : IDisposable
{
    const double Tight = 2e-5;
    const int PerTile = 4, Side = 16;

    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    public static TheoryData<string> Models => ["GoldenHovle", "GoldenLinear", "GoldenHybrid", "GoldenWindows"];

    VisionLanguageModel Model(string name)
    {
        var plan = GoldenModel.Named(name);
        return plan.Name == "GoldenWindows" ? Seeded(plan) : GoldenModel.Load(plan, device: device);
    }

    VisionLanguageModel Seeded(ModelPlan plan)
    {
        using var teacher = GoldenModel.Load(GoldenModel.Hovle, device: device);
        return new(plan, new SeededParameters(teacher, 3));
    }

    // Text, a picture of so many tiles, and text.
    static Prompt Drawn(ModelPlan plan, int before, int tiles, int after, int seed)
    {
        var random = new Random(seed);
        int[] Words(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(1, plan.Tokens.Image))];
        var pixels = Enumerable.Range(0, tiles * 3 * Side * Side).Select(_ => random.NextSingle() - 0.5f).ToArray();
        return new([.. Words(before), .. Enumerable.Repeat(plan.Tokens.Image, tiles * PerTile), .. Words(after)], pixels, tiles);
    }

    static Tensor Whole(VisionLanguageModel model, Prompt prompt)
    {
        var ids = tensor(prompt.Ids.Select(id => (long)id).ToArray()).unsqueeze(0);
        var pixels = prompt.Tiles == 0 ? null : tensor(prompt.Pixels, [prompt.Tiles, 3, Side, Side]);
        using var guard = no_grad();
        return model.Forward(new(ids, pixels)).select(1, -1);
    }

    [Theory, MemberData(nameof(Models))]
    public void What_follows_the_last_mixer_is_done_at_the_last_position_alone(string name)
    {
        using var model = Model(name);
        var (plan, last) = (model.Plan, model.Plan.Layers[^1]);
        using var sequences = new Sequences(model, 2, 40);
        var heard = new Dictionary<string, long>();
        using (Work.Listen((term, flops) => heard[term] = heard.GetValueOrDefault(term) + flops)) sequences.Read([Drawn(plan, 11, 0, 0, seed: 1), Drawn(plan, 3, 0, 0, seed: 2)], chunk: 4);
        // Passes of 4, 4 and 3 tokens of both sequences, pads among them; one ends in the first pass, the other in the last.
        Assert.Equal(2L * plan.HiddenSize * plan.Layers.Sum(layer => (layer.Index == last.Index ? 2L : 22L) * layer.MlpHidden), heard["mlp.w2"]);
        Assert.Equal(2L * plan.HiddenSize * plan.Tokens.Vocab * 2, heard["head"]);
    }

    [Theory, MemberData(nameof(Models))]
    public void Chunks_of_any_length_end_alike(string name)
    {
        using var model = Model(name);
        var prompt = Drawn(model.Plan, 5, tiles: 3, 9, seed: 1); // chunks of 3 and 7 cut tiles in two
        var expected = Whole(model, prompt);
        foreach (var chunk in (int[])[1, 3, 7, 16, 1000])
        {
            using var sequences = new Sequences(model, 1, prompt.Ids.Count);
            Golden.Close(expected, sequences.Read([prompt], chunk), Tight, $"{name}, chunks of {chunk}");
            Assert.Equal(prompt.Ids, sequences[0]);
            Assert.Equal(0, sequences.Room);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void Unequal_prompts_of_a_batch_do_not_touch_each_other(string name)
    {
        using var model = Model(name);
        Prompt[] prompts = [Drawn(model.Plan, 2, 1, 1, 1), Drawn(model.Plan, 11, 0, 0, 2), Drawn(model.Plan, 3, 3, 8, 3), Drawn(model.Plan, 1, 0, 0, 4)];
        foreach (var chunk in (int[])[3, 1000])
        {
            using var sequences = new Sequences(model, prompts.Length, 64);
            var logits = sequences.Read(prompts, chunk);
            // Then some go on, by different lengths, and others rest.
            Prompt[] more = [Drawn(model.Plan, 4, 0, 0, 5), new([]), Drawn(model.Plan, 0, 1, 2, 6), new([7])];
            var after = sequences.Read(more, chunk);
            for (var row = 0; row < prompts.Length; row++)
            {
                Golden.Close(Whole(model, prompts[row]), logits.narrow(0, row, 1), Tight, $"{name}, row {row}");
                if (more[row].Ids.Count > 0)
                    Golden.Close(Whole(model, Joined(prompts[row], more[row])), after.narrow(0, row, 1), Tight, $"{name}, row {row} going on");
            }
            Assert.Equal(0, after[1].abs().max().item<float>());
            Assert.Equal(Joined(prompts[0], more[0]).Ids, sequences[0]);
        }
    }

    static Prompt Joined(Prompt a, Prompt b) => new([.. a.Ids, .. b.Ids], [.. a.Pixels, .. b.Pixels], a.Tiles + b.Tiles);

    [Theory, MemberData(nameof(Models))]
    public void Back_at_a_mark_everything_is_as_it_was(string name)
    {
        using var model = Model(name);
        using var sequences = new Sequences(model, 2, 40);
        sequences.Read([Drawn(model.Plan, 6, 0, 0, 1), Drawn(model.Plan, 2, 1, 1, 2)]);
        var next = new[] { Drawn(model.Plan, 3, 0, 0, 3), Drawn(model.Plan, 1, 0, 0, 4) };
        using var mark = sequences.Mark();
        var expected = sequences.Read(next);
        for (var again = 0; again < 2; again++)
        {
            mark.Return();
            Assert.Equal(6, sequences[0].Count);
            var logits = sequences.Read(next);
            Assert.True(logits.eq(expected).all().item<bool>());
            sequences.Read([Drawn(model.Plan, 9, 0, 0, 5), new([])]);
        }
    }

    [Fact]
    public void Cancelled_between_two_chunks_what_was_read_stays_read()
    {
        using var model = Model("GoldenHybrid");
        using var sequences = new Sequences(model, 1, 64);
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => sequences.Read([Drawn(model.Plan, 9, 0, 0, 1)], cancellation: stop.Token));
        Assert.Empty(sequences[0]);
        Golden.Close(Whole(model, Drawn(model.Plan, 9, 0, 0, 1)), sequences.Read([Drawn(model.Plan, 9, 0, 0, 1)]), Tight, "read after all");
    }

    [Fact]
    public void What_does_not_fit_is_refused_before_anything_is_read()
    {
        using var model = Model("GoldenHybrid");
        using var sequences = new Sequences(model, 1, 10);
        Refused("Token id 97 of sequence 0 is outside the vocabulary of 97. The tokenizer is another model's.", new([1, 97]));
        Refused("Sequence 0 has 4 image tokens (id 90), and its 0 tiles are 0. Their numbers must be equal.", new([90, 90, 90, 90]));
        Refused("A prompt of 11 tokens does not fit: 10 of 10 tokens are left. Give more room, or a shorter prompt.", new([.. Enumerable.Repeat(1, 11)]));
        Assert.Equal(0, sequences.Cache.Length);

        void Refused(string message, Prompt prompt) => Assert.Equal(message, Assert.Throws<InputException>(() => sequences.Read([prompt])).Message);
    }

    [Theory, MemberData(nameof(Models))]
    public void A_pass_that_is_cancelled_between_two_layers_is_undone(string name)
    {
        using var model = Model(name);
        var prompts = new[] { Drawn(model.Plan, 5, tiles: 2, 9, seed: 1), Drawn(model.Plan, 4, tiles: 0, 3, seed: 2) };
        var next = new[] { Drawn(model.Plan, 7, tiles: 1, 2, seed: 3), Drawn(model.Plan, 12, tiles: 0, 0, seed: 4) };
        using var undisturbed = new Sequences(model, 2, 64);
        undisturbed.Read(prompts);
        var expected = undisturbed.Read(next);

        using var sequences = new Sequences(model, 2, 64);
        sequences.Read(prompts);
        var (length, read) = (sequences.Cache.Length, sequences[0].ToArray());
        var before = Tensor.TotalCount;
        using (var stop = new CancellationTokenSource())
        {
            var layers = 0;
            // While the second layer is at work: behind it is asked.
            using (Work.Listen((term, _) => { if (term == "mlp.w2" && ++layers == 2) stop.Cancel(); }))
                Assert.Throws<OperationCanceledException>(() => sequences.Read(next, cancellation: stop.Token));
            Assert.Equal(2, layers);
        }
        Assert.Equal(before, Tensor.TotalCount);
        Assert.Equal(length, sequences.Cache.Length);
        Assert.Equal(read, sequences[0]);
        Golden.Close(expected, sequences.Read(next), 1e-6, "logits");
    }
}

public sealed class SequencesTestsOnCpu() : SequencesTests(TestDevice.Cpu);

public sealed class SequencesTestsOnCuda() : SequencesTests(TestDevice.Cuda);
