using CsCheck;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>Laws of a pass over a batch: pads and caches change nothing.</summary>
public sealed class ForwardPassTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    public static TheoryData<string> Models => ["GoldenHovle", "GoldenLinear", "GoldenHybrid", "GoldenWindows", "GoldenOverrides"];

    // A drawn teacher, or a student that was seeded from one: layers of all kinds.
    static VisionLanguageModel Model(string name)
    {
        var plan = GoldenModel.Named(name);
        if (plan.Teacher is null) return new(plan, new DrawnParameters(1));
        using var teacher = Model(plan.Teacher);
        return new(plan, new SeededParameters(teacher, 2));
    }

    // Ids without pictures, and the places of pads among them: on the left, on the right, or anywhere.
    sealed record Batch(long[][] Rows, bool[][] Real, int Decode);

    static readonly Gen<bool[]> Places = Gen.OneOf(
        Gen.Select(Gen.Int[0, 10], Gen.Int[1, 11]).Select(cut => Row(i => i >= cut.Item1 && i < cut.Item1 + cut.Item2)),
        Gen.Int[1, 11].Select(count => Row(i => i < count)),
        Gen.Int[0, 10].Select(first => Row(i => i >= first)),
        Gen.Bool.Array[11].Where(row => row.Contains(true)));

    static bool[] Row(Func<int, bool> isReal) => [.. Enumerable.Range(0, 11).Select(isReal)];

    static readonly Gen<Batch> Batches = Gen.Int[1, 3].SelectMany(rows => Gen.Select(
        Gen.Int[0, 89].Select(id => (long)id).Array[11].Array[rows], Places.Array[rows], Gen.Int[0, 11], (ids, real, decode) => new Batch(ids, real, decode)));

    [Theory, MemberData(nameof(Models))]
    public void A_sequence_among_pads_goes_as_it_goes_alone(string name)
    {
        using var model = Model(name);
        Batches.Sample(batch =>
        {
            using var scope = NewDisposeScope();
            using var together = ForwardPass.Run(model, Input(batch), batch.Decode, hiddenStates: true);
            Assert.True(together.Logits.isfinite().all().item<bool>());
            for (var row = 0; row < batch.Rows.Length; row++)
            {
                var real = tensor(batch.Real[row]).nonzero().squeeze(1);
                long[] ids = [.. batch.Rows[row].Where((_, i) => batch.Real[row][i])];
                using var alone = ForwardPass.Run(model, new(tensor(ids).unsqueeze(0)), hiddenStates: true);
                Golden.Close(alone.Logits[0], together.Logits[row].index_select(0, real), 1e-4, $"logits of row {row}");
                for (var i = 0; i < alone.Hidden.Count; i++)
                    Golden.Close(alone.Hidden[i][0], together.Hidden[i][row].index_select(0, real), 1e-4, $"hidden.{i} of row {row}");
            }
        }, iter: 8, threads: 1);
    }

    // Past its greatest position an attention's wavelengths depend on the length, which is each sequence's own.
    [Fact]
    public void Pads_don_t_stretch_a_sequence()
    {
        using var model = GoldenModel.Load(GoldenModel.Named("GoldenNtk"));
        var (ids, mask) = (randint(0, 90, new torch.Size([2, 14]), ScalarType.Int64), ones(2, 14, ScalarType.Bool));
        mask[0, ..4] = false;
        using var together = ForwardPass.Run(model, new(ids, AttentionMask: mask));
        using var alone = ForwardPass.Run(model, new(ids[..1, 4..]));
        Golden.Close(alone.Logits, together.Logits[..1, 4..], 1e-4, "logits");
        using var whole = ForwardPass.Run(model, new(ids[1..]));
        Golden.Close(whole.Logits, together.Logits[1..], 1e-4, "logits of the long sequence");
    }

    [Theory, MemberData(nameof(Models))]
    public void What_stands_under_a_pad_changes_no_bit(string name)
    {
        using var model = Model(name);
        var mask = tensor(new bool[] { false, false, true, true, true, true, true, false, true, true, true, false }).view(2, 6);
        var ids = randint(0, 90, new torch.Size([2, 6]), ScalarType.Int64);
        var others = where(mask, ids, 89 - ids);
        foreach (var decode in (int[])[0, 1, 4, 6])
        {
            using var first = ForwardPass.Run(model, new(ids, AttentionMask: mask), decode);
            using var second = ForwardPass.Run(model, new(others, AttentionMask: mask), decode);
            Assert.True(first.Logits.eq(second.Logits).all(-1)[mask].all().item<bool>());
            Assert.False(first.Logits.eq(second.Logits).all().item<bool>());
        }
    }

    // About a chunk of the scan, which is 128 tokens, and its ends.
    static readonly int[] Prompts = [1, 2, 127, 128, 129, 1000];

    public static TheoryData<string, int> Prompted
    {
        get
        {
            var cases = new TheoryData<string, int> { { "GoldenWindows", 129 }, { "TinyMmMambaHybrid", 129 } };
            foreach (var name in (string[])["GoldenHovle", "GoldenLinear", "GoldenHybrid"])
                foreach (var prompt in Prompts) cases.Add(name, prompt);
            return cases;
        }
    }

    [Theory, MemberData(nameof(Prompted))]
    public void Sixty_four_steps_after_a_prompt_are_the_pass_over_all(string name, int prompt)
    {
        using var model = name.StartsWith("Tiny", StringComparison.Ordinal) ? Model(name) : GoldenModel.Load(GoldenModel.Named(name));
        var ids = randint(0, 90, new torch.Size([1, prompt + 64]), ScalarType.Int64, generator: new Generator(5));
        using var whole = ForwardPass.Run(model, new(ids), hiddenStates: true);
        using var decoded = ForwardPass.Run(model, new(ids), decode: 64, hiddenStates: true);
        Golden.Close(whole.Logits, decoded.Logits, 1e-4, "logits");
        for (var i = 0; i < whole.Hidden.Count; i++) Golden.Close(whole.Hidden[i], decoded.Hidden[i], 1e-4, $"hidden.{i}");
        Assert.False(whole.Logits.eq(decoded.Logits).all().item<bool>()); // else the caches were not gone through
    }

    public static TheoryData<string, int, int> Chunked
    {
        get
        {
            var cases = new TheoryData<string, int, int> { { "GoldenWindows", 129, 50 } };
            foreach (var name in (string[])["GoldenHovle", "GoldenLinear", "GoldenHybrid"])
                foreach (var (prompt, chunk) in Prompts.Zip([1, 1, 3, 64, 128, 300])) cases.Add(name, prompt, chunk);
            return cases;
        }
    }

    [Theory, MemberData(nameof(Chunked))]
    public void So_are_they_after_a_prompt_that_is_read_in_chunks(string name, int prompt, int chunk)
    {
        using var model = GoldenModel.Load(GoldenModel.Named(name));
        var ids = randint(0, 90, new torch.Size([1, prompt + 64]), ScalarType.Int64, generator: new Generator(5));
        int[] tokens = [.. ids.data<long>().Select(id => (int)id)];
        using var whole = ForwardPass.Run(model, new(ids));
        using var sequences = new Sequences(model, 1, prompt + 64);
        Same(sequences.Read([new(tokens[..prompt])], chunk), prompt - 1);
        for (var t = prompt; t < prompt + 64; t++) Same(sequences.Read([new([tokens[t]])]), t);

        void Same(Tensor logits, int position) => Golden.Close(whole.Logits[0, position], logits[0], 1e-4, $"logits at {position}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(12)]
    public void Pictures_may_stand_among_the_decoded_tokens(int decode)
    {
        using var model = GoldenModel.Load(GoldenModel.Hybrid);
        var inputs = Golden.Read("hovle_tiny_io.safetensors", "image_b2/");
        var input = new ModelInput(inputs["input_ids"], inputs["pixel_values"]);
        using var pass = ForwardPass.Run(model, input, decode);
        Golden.Close(Golden.Read("mmmamba_tiny_io.safetensors", "hybrid/image_b2/")["logits"], pass.Logits, 1e-4, "logits");
    }

    [Fact]
    public void Positions_are_taken_as_they_are_given()
    {
        using var model = GoldenModel.Load(GoldenModel.Hovle);
        var ids = randint(0, 90, new torch.Size([1, 6]), ScalarType.Int64);
        var positions = tensor(new long[] { 3, 1, 4, 1, 5, 9 }).unsqueeze(0);
        using var whole = ForwardPass.Run(model, new(ids, PositionIds: positions));
        using var counted = ForwardPass.Run(model, new(ids));
        using var decoded = ForwardPass.Run(model, new(ids, PositionIds: positions), decode: 4);
        Golden.Close(model.Forward(new(ids, PositionIds: positions)), whole.Logits, 1e-6, "logits");
        Golden.Close(whole.Logits, decoded.Logits, 1e-4, "decoded logits");
        Assert.Throws<Xunit.Sdk.TrueException>(() => Golden.Close(counted.Logits, whole.Logits, 1e-2, "logits"));
    }

    [Fact]
    public void It_leaves_no_tensor_behind_and_can_be_stopped()
    {
        using var model = GoldenModel.Load(GoldenModel.Hybrid);
        var input = new ModelInput(randint(0, 90, new torch.Size([2, 9]), ScalarType.Int64), AttentionMask: ones(2, 9, ScalarType.Bool));
        ForwardPass.Run(model, input, 3, hiddenStates: true).Dispose(); // masks that are kept for good are made here
        var before = Tensor.TotalCount;
        ForwardPass.Run(model, input, 3, hiddenStates: true).Dispose();
        Assert.Throws<OperationCanceledException>(() => ForwardPass.Run(model, input, 3, true, new CancellationToken(canceled: true)));
        Assert.Throws<InputException>(() => ForwardPass.Run(model, input, decode: 10));
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void A_model_itself_refuses_pads_on_the_left()
    {
        using var model = GoldenModel.Load(GoldenModel.Hybrid);
        var mask = tensor(new bool[] { false, true, true }).unsqueeze(0);
        var error = Assert.Throws<InputException>(() => model.Forward(new(zeros(1, 3, ScalarType.Int64), AttentionMask: mask)));
        Assert.Contains("pads stand on the right", error.Message, StringComparison.Ordinal);
        Assert.Contains("(1, 4) tokens", Assert.Throws<InputException>(
            () => model.Forward(new(zeros(1, 4, ScalarType.Int64), AttentionMask: mask))).Message, StringComparison.Ordinal);
    }

    static ModelInput Input(Batch batch) => new(
        stack(batch.Rows.Select(row => tensor(row))), AttentionMask: stack(batch.Real.Select(row => tensor(row))));
}
