using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>Attention over the last tokens, against attention written out with a band for its mask, and against itself along every way through a sequence.</summary>
public sealed class SlidingWindowTests : IDisposable
{
    const double Tight = 1e-5;

    readonly DisposeScope _scope = NewDisposeScope();
    readonly ModelPlan _plan = GoldenModel.Named("GoldenWindows");

    public void Dispose() => _scope.Dispose();

    static bool Same(Tensor a, Tensor b) => a.eq(b).all().item<bool>();

    static SlidingWindowPlan Window(int window) => new(4, 2, 16, 10_000, 64, 2, window);

    static Parameter Projection() => new(randn(8 * 16, 32) / 6, requires_grad: true);

    /// <summary>softmax(q k^T / sqrt(d) + band) v, step by step.</summary>
    static Tensor ByHand(SlidingWindowPlan plan, Tensor wqkv, Tensor u)
    {
        var (batch, length) = (u.shape[0], u.shape[1]);
        var projected = u.matmul(wqkv.t()).view(batch, length, 2, 4, 16); // of each kv head: two queries, key, value
        var angles = new RotaryEmbedding(16, plan.RopeTheta, plan.MaxPositions, plan.DynamicFactor).Angles(arange(length, ScalarType.Int64).unsqueeze(0), length, u.dtype);
        var turned = angles.Rotate(projected.narrow(3, 0, 3));
        var q = turned.narrow(3, 0, 2).reshape(batch, length, 4, 16).transpose(1, 2);
        var k = turned.select(3, 2).transpose(1, 2).repeat_interleave(2, 1);
        var v = projected.select(3, 3).transpose(1, 2).repeat_interleave(2, 1);
        var band = ones(length, length, ScalarType.Bool).tril().logical_and(ones(length, length, ScalarType.Bool).triu(1 - plan.Window));
        var scores = q.matmul(k.transpose(2, 3)) / Math.Sqrt(16);
        var weights = scores.masked_fill(band.logical_not(), double.NegativeInfinity).softmax(-1);
        return weights.matmul(v).transpose(1, 2).reshape(batch, length, 64);
    }

    [Theory]
    [InlineData(1, 9)]
    [InlineData(3, 9)]
    [InlineData(9, 9)]
    [InlineData(5, 150)]
    [InlineData(100, 250)]
    public void A_pass_and_its_gradient_are_those_of_a_band(int window, int length)
    {
        var (plan, wqkv) = (Window(window), Projection());
        var u = randn(2, length, 32);
        using var tokens = new TokenWindow(length, CPU);
        var y = new SlidingWindowAttention(plan, wqkv).Attend(u, tokens);
        var expected = ByHand(plan, wqkv, u);
        Golden.Close(expected, y, Tight, "output");

        var seed = randn_like(y);
        Golden.Close(
            autograd.grad([expected], [wqkv], [seed])[0], autograd.grad([y], [wqkv], [seed])[0], Tight, "gradient");
    }

    [Fact]
    public void A_window_as_long_as_the_sequence_is_attention()
    {
        var wqkv = Projection();
        var u = randn(2, 12, 32);
        using var tokens = new TokenWindow(12, CPU);
        var attention = new GroupedQueryAttention(new(4, 2, 16, 10_000, 64, 2), wqkv).Attend(u, tokens);
        foreach (var window in new[] { 12, 13, 4096 })
            Assert.True(Same(attention, new SlidingWindowAttention(Window(window), wqkv).Attend(u, tokens)));
        Assert.False(Same(attention, new SlidingWindowAttention(Window(11), wqkv).Attend(u, tokens)));
    }

    VisionLanguageModel Model(ModelPlan? plan = null)
    {
        using var teacher = new VisionLanguageModel(GoldenModel.Hovle, new DrawnParameters(1));
        return new(plan ?? _plan, new SeededParameters(teacher, 2));
    }

    [Fact]
    public void The_plan_says_which_layer_sees_how_far()
    {
        Assert.Equal([null, 3, null, 3, 5, null], _plan.Layers.Select(layer => (layer.Mixer as SlidingWindowPlan)?.Window));
        // Kept by a student: the teacher's tensors as they are.
        Assert.All(
            _plan.Tensors.Where(tensor => tensor.Layer is 1 or 3 or 4), tensor => Assert.Equal(new Copied(tensor.Name), tensor.Origin));
        Assert.All(_plan.Distillation!.ConvertedLayers, layer => Assert.IsType<Mamba2Plan>(layer.Mixer));
    }

    [Fact]
    public void Chunks_and_single_tokens_give_what_one_pass_gives()
    {
        using var guard = no_grad();
        using var model = Model();
        var ids = randint(0, 90, new Size([2, 23]), ScalarType.Int64);
        var whole = model.Forward(new(ids));
        foreach (var cuts in new[] { new long[] { 23 }, [1, 1, 1, 20], [9, 1, 1, 1, 1, 1, 1, 1, 7], [2, 3, 4, 5, 6, 3], [.. Enumerable.Repeat(1L, 23)] })
        {
            using var cache = model.CreateCache(2, 23);
            var at = 0L;
            foreach (var cut in cuts)
            {
                Golden.Close(whole.narrow(1, at, cut), model.Forward(new(ids.narrow(1, at, cut)), cache), 1e-4, $"{cut} tokens at {at}");
                at += cut;
            }
        }
    }

    [Fact]
    public void A_sequence_in_a_padded_batch_goes_as_it_goes_alone()
    {
        using var guard = no_grad();
        using var model = Model();
        var ids = randint(0, 90, new Size([3, 16]), ScalarType.Int64);
        long[] lengths = [9, 4, 1];
        using var cache = model.CreateCache(3, 16);
        var mask = arange(9, ScalarType.Int64).unsqueeze(0).lt(tensor(lengths).unsqueeze(1));
        var prompt = model.Forward(new(ids.narrow(1, 0, 9)) { AttentionMask = mask.to(ScalarType.Int64) }, cache);
        var steps = Enumerable.Range(0, 5).Select(step => model.Forward(new(ids.narrow(1, 9 + step, 1)), cache)).ToArray();
        var chunk = model.Forward(new(ids.narrow(1, 14, 2)), cache);
        for (var row = 0; row < 3; row++)
        {
            var alone = cat([ids.narrow(0, row, 1).narrow(1, 0, lengths[row]), ids.narrow(0, row, 1).narrow(1, 9, 7)], 1);
            var whole = model.Forward(new(alone));
            var length = lengths[row];
            Golden.Close(whole.narrow(1, 0, length), prompt.narrow(0, row, 1).narrow(1, 0, length), 1e-4, $"prompt of row {row}");
            for (var step = 0; step < 5; step++)
                Golden.Close(whole.narrow(1, length + step, 1), steps[step].narrow(0, row, 1), 1e-4, $"step {step} of row {row}");
            Golden.Close(whole.narrow(1, length + 5, 2), chunk.narrow(0, row, 1), 1e-4, $"chunk of row {row}");
        }
    }

    [Fact]
    public void A_cache_holds_the_window_or_all_there_will_be()
    {
        using var model = Model();
        using var cache = model.CreateCache(2, 4);
        Assert.Equal([3, 3, 4], cache.OfType<WindowCache>().Select(layer => layer.Size));
        using var guard = no_grad();
        var ids = randint(0, 90, new Size([2, 4]), ScalarType.Int64);
        var first = model.Forward(new(ids), cache);
        cache.Reset();
        Assert.True(Same(first, model.Forward(new(ids), cache)));
    }

    [Theory]
    [InlineData(CheckpointLayout.Unfused)]
    [InlineData(CheckpointLayout.Released)]
    public void Both_layouts_on_disk_return(CheckpointLayout layout)
    {
        var path = Path.Combine(Path.GetTempPath(), $"windows-{Guid.NewGuid():N}.safetensors");
        try
        {
            using var guard = no_grad();
            using var model = Model();
            Checkpoint.Save(model, path, layout: layout);
            using var parameters = new CheckpointParameters(path, _plan);
            using var again = new VisionLanguageModel(_plan, parameters);
            var ids = randint(0, 90, new Size([1, 9]), ScalarType.Int64);
            Assert.True(Same(model.Forward(new(ids)), again.Forward(new(ids))));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_cache_with_room_for_less_than_the_window_takes_no_more()
    {
        using var guard = no_grad();
        using var tokens = zeros([1, 1, 1, 2]);
        using var small = new WindowCache(1, 1, window: 5, maxTokens: 3, headDim: 2, CPU, ScalarType.Float32);
        using var whole = new WindowCache(1, 1, window: 3, maxTokens: 5, headDim: 2, CPU, ScalarType.Float32);
        for (var i = 0; i < 3; i++) small.Append(tokens, tokens);
        Assert.Contains("holds 3 tokens, and 4 are asked for", Assert.Throws<InputException>(() => small.Append(tokens, tokens)).Message);
        for (var i = 0; i < 5; i++) whole.Append(tokens, tokens);
        Assert.Equal(3, whole.Held);
    }

    [Fact]
    public void A_plan_as_text_returns_and_an_empty_window_is_refused()
    {
        var text = PlanJson.Write(_plan);
        Assert.Equal(_plan, PlanJson.Parse(text));
        var error = Assert.Throws<InputException>(() => PlanJson.Parse(text.Replace("\"window\": 5", "\"window\": 0", StringComparison.Ordinal)));
        Assert.Contains("layers[4].mixer", error.Message, StringComparison.Ordinal);
    }
}
