using CsCheck;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Seeding;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>Laws of the whole model.</summary>
public sealed class ModelTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly VisionLanguageModel _hybrid = GoldenModel.Load(GoldenModel.Hybrid);

    public void Dispose()
    {
        _hybrid.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void Torch_names_are_checkpoint_names()
    {
        Assert.Equal(GoldenModel.Hybrid.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal), _hybrid.state_dict().Keys.Order(StringComparer.Ordinal));
        Assert.Equal(GoldenModel.Hybrid.Tensors.Select(tensor => tensor.Name), _hybrid.Tensors.Keys);
    }

    [Fact]
    public void Parameters_are_frozen_until_asked_for() => Assert.All(_hybrid.Tensors.Values, tensor => Assert.False(tensor.requires_grad));

    [Fact]
    public void It_is_never_moved()
    {
        Assert.Throws<NotSupportedException>(() => _hybrid.to(ScalarType.BFloat16));
        Assert.Throws<NotSupportedException>(() => _hybrid.to(CPU));
        Assert.Throws<NotSupportedException>(() => _hybrid.to(DeviceType.CPU));
    }

    [Theory]
    [InlineData("Hovle", 2_606_327_808)]
    [InlineData("MmMambaLinear", 2_741_992_448)]
    [InlineData("MmMambaHybrid", 2_708_076_288)]
    public void The_published_sizes_build_without_memory(string name, long parameters)
    {
        using var model = new VisionLanguageModel(GoldenModel.Named(name), new MetaParameters(ScalarType.BFloat16));
        Assert.Equal(parameters, model.parameters().Sum(tensor => tensor.numel()));
        Assert.All(model.Tensors.Values, tensor => Assert.Equal((DeviceType.META, ScalarType.BFloat16), (tensor.device_type, tensor.dtype)));
    }

    [Fact]
    public void However_the_tokens_are_cut_the_logits_are_the_same() =>
        Gen.Select(Gen.Int[1, 20].Array[1, 6], Gen.Int[1, 3], Gen.ULong).Sample((cuts, batch, seed) =>
        {
            using var scope = NewDisposeScope();
            var length = cuts.Sum();
            var ids = Ids(batch, length, seed);
            using var guard = no_grad();
            var whole = _hybrid.Forward(new(ids));
            using var cache = _hybrid.CreateCache(batch, length);
            var at = 0;
            foreach (var cut in cuts)
            {
                Golden.Close(whole.narrow(1, at, cut), _hybrid.Forward(new(ids.narrow(1, at, cut)), cache), 1e-4, $"tokens {at} to {at + cut - 1}");
                at += cut;
            }
        }, iter: 12, threads: 1);

    [Fact]
    public void Pads_change_no_other_token()
    {
        var (shortIds, longIds) = (Ids(1, 7, 1), Ids(1, 12, 2));
        var ids = cat([cat([shortIds, zeros(1, 5, ScalarType.Int64)], 1), longIds], 0);
        var mask = ones(2, 12, ScalarType.Bool);
        mask[0, TensorIndex.Slice(7)] = false;
        var padded = _hybrid.Forward(new(ids, AttentionMask: mask));
        Golden.Close(_hybrid.Forward(new(shortIds)), padded[..1, ..7], 1e-4, "the short sequence");
        Golden.Close(_hybrid.Forward(new(longIds)), padded[1..], 1e-4, "the long sequence");
    }

    [Fact]
    public void Sequences_of_different_lengths_decode_together()
    {
        int[] lengths = [3, 9, 6];
        var prompts = lengths.Select((length, i) => Ids(1, length, (ulong)i)).ToArray();
        var (ids, mask) = (zeros(3, 9, ScalarType.Int64), zeros(3, 9, ScalarType.Bool));
        for (var i = 0; i < 3; i++)
        {
            ids[i, ..lengths[i]] = prompts[i][0];
            mask[i, ..lengths[i]] = true;
        }
        var next = Ids(3, 4, 9);
        using var cache = _hybrid.CreateCache(3, 13);
        var logits = _hybrid.Forward(new(ids, AttentionMask: mask), cache);
        for (var t = 0; t < 4; t++) logits = _hybrid.Forward(new(next.narrow(1, t, 1)), cache);
        for (var i = 0; i < 3; i++)
        {
            var alone = _hybrid.Forward(new(cat([prompts[i], next[i..(i + 1)]], 1)));
            Golden.Close(alone[.., ^1..], logits[i..(i + 1)], 1e-4, $"sequence {i}");
        }
    }

    [Fact]
    public void A_masked_token_of_a_step_leaves_its_sequence_as_it_was()
    {
        var ids = Ids(2, 6, 4);
        using var cache = _hybrid.CreateCache(2, 9);
        _hybrid.Forward(new(ids), cache);
        // The first sequence pauses for a step, the second goes on.
        var mask = ones(2, 1, ScalarType.Bool);
        mask[0] = false;
        _hybrid.Forward(new(Ids(2, 1, 5), AttentionMask: mask), cache);
        var last = Ids(2, 1, 6);
        var logits = _hybrid.Forward(new(last), cache);
        Golden.Close(_hybrid.Forward(new(cat([ids[..1], last[..1]], 1)))[.., ^1..], logits[..1], 1e-4, "the paused sequence");
        Golden.Close(_hybrid.Forward(new(cat([ids[1..], Ids(2, 1, 5)[1..], last[1..]], 1)))[.., ^1..], logits[1..], 1e-4, "the other sequence");
    }

    [Fact]
    public void A_reset_cache_is_a_new_one()
    {
        var ids = Ids(1, 5, 3);
        using var cache = _hybrid.CreateCache(1, 5);
        var first = _hybrid.Forward(new(ids), cache);
        cache.Reset();
        Assert.Equal(0, cache.Length);
        Assert.True(first.equal(_hybrid.Forward(new(ids), cache)).all().item<bool>());
    }

    [Fact]
    public void A_trace_shows_what_the_mixers_see_and_give()
    {
        var input = new ModelInput(Ids(2, 9, 8));
        var seen = new List<int>();
        _hybrid.Trace(input, trace =>
        {
            using var window = new TokenWindow(9, CPU);
            var again = _hybrid.Layers[trace.Index].Mix(trace.NormedInput, window);
            Golden.Close(again, trace.MixerOutput, 1e-6, $"layer {trace.Index}");
            Assert.Equal([2L, 9, 64], trace.MixerOutput.shape);
            Assert.False(trace.MixerOutput.requires_grad);
            seen.Add(trace.Index);
        });
        Assert.Equal(Enumerable.Range(0, 6), seen);
    }

    [Fact]
    public void A_pass_leaves_no_tensor_behind()
    {
        var prompt = new ModelInput(Ids(2, 9, 8), AttentionMask: ones(2, 9, ScalarType.Bool));
        var next = new ModelInput(Ids(2, 1, 9));
        Pass(); // masks that are kept for good are made here
        var before = Tensor.TotalCount;
        Pass();
        Assert.Equal(before, Tensor.TotalCount);

        void Pass()
        {
            using var cache = _hybrid.CreateCache(2, 20);
            _hybrid.Forward(prompt).Dispose();
            _hybrid.Forward(prompt, cache).Dispose();
            _hybrid.Forward(next, cache).Dispose();
        }
    }

    [Theory]
    [InlineData(0, 0, "image tokens (id 90) and no tiles", 4)]
    [InlineData(1, 0, "4 visual tokens, and the input has 0 image tokens", 0)]
    [InlineData(2, 0, "8 visual tokens, and the input has 4 image tokens", 4)]
    public void Tiles_and_image_tokens_must_be_as_many(int tiles, int least, string message, int imageTokens)
    {
        var ids = full(1, 6, least, ScalarType.Int64);
        ids[0, ..imageTokens] = 90;
        var error = Assert.Throws<InputException>(() => _hybrid.Forward(new(ids, tiles == 0 ? null : zeros(tiles, 3, 16, 16))));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_outside_the_vocabulary_are_named()
    {
        var error = Assert.Throws<InputException>(() => _hybrid.Forward(new(tensor(new long[,] { { 1, 97 } }))));
        Assert.Contains("97 is outside the vocabulary of 97", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_cache_says_so()
    {
        using var cache = _hybrid.CreateCache(1, 4);
        var error = Assert.Throws<InputException>(() => _hybrid.Forward(new(Ids(1, 5, 1)), cache));
        Assert.Contains("1 sequences of 4 tokens", error.Message, StringComparison.Ordinal);
    }

    static Tensor Ids(int batch, int length, ulong seed)
    {
        var generator = new Random((int)(seed % int.MaxValue));
        return tensor(Enumerable.Range(0, batch * length).Select(_ => (long)generator.Next(0, 90)).ToArray(), [batch, length]);
    }
}
