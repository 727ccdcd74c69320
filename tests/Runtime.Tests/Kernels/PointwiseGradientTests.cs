using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Tests.Distillation;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>Gradients through the kernels of a layer's pointwise work against those of plain operations in float32 on the same numbers.</summary>
/// <param name="device">Where the tensors lie.</param>
/// <param name="emulated">Seed of the emulator that runs the kernels; null where the device does.</param>
public abstract class PointwiseGradientTests(Device device, ulong? emulated) : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly RecordedDevice _kernels = PointwiseLaunches.Record(device, emulated);

    public void Dispose() => _scope.Dispose();

    Tensor Drawn(ScalarType type, double scale, params long[] shape) => (randn(shape) * scale).to(type).to(device);

    T Ran<T>(string kernels, Func<T> run)
    {
        using var running = KernelDevice.StandIn(_kernels);
        var result = run();
        Assert.Equal(kernels, _kernels.Told());
        return result;
    }

    static double Rounding(ScalarType type) => type == ScalarType.BFloat16 ? 1.0 / 128 : 2e-6;

    static Tensor Single(Tensor x) => x.detach().to(ScalarType.Float32);

    // The same numbers in float32, as a beginning of another graph.
    static Tensor Apart(Tensor x) => Single(x).requires_grad_(x.requires_grad);

    static void Same(Tensor expected, Tensor actual, string what)
    {
        Assert.Equal(expected.grad is null, actual.grad is null);
        if (actual.grad is null) return;
        Assert.Equal(actual.dtype, actual.grad.dtype);
        Golden.Close(expected.grad!, Single(actual.grad), Rounding(actual.dtype), what);
    }

    public static TheoryData<bool, bool, bool, bool, int, ScalarType> Sums
    {
        get
        {
            var data = new TheoryData<bool, bool, bool, bool, int, ScalarType>();
            foreach (var (ofX, ofAdded) in new[] { (true, true), (true, false), (false, true) })
                foreach (var (readsSum, readsNormed) in new[] { (true, true), (true, false), (false, true) })
                    data.Add(ofX, ofAdded, readsSum, readsNormed, 64, ScalarType.BFloat16);
            data.Add(true, true, true, true, 100, ScalarType.Float32);
            data.Add(true, true, true, true, 2052, ScalarType.BFloat16);
            return data;
        }
    }

    [Theory, MemberData(nameof(Sums))]
    public void An_addition_and_a_norm(bool ofX, bool ofAdded, bool readsSum, bool readsNormed, int hidden, ScalarType type)
    {
        random.manual_seed(hidden);
        var (x, added) = (Drawn(ScalarType.Float32, 3, 1, 9, hidden).requires_grad_(ofX), Drawn(type, 2, 1, 9, hidden).requires_grad_(ofAdded));
        var (weight, ofSum, ofNormed) = (Drawn(type, 1, hidden), Drawn(ScalarType.Float32, 1, 1, 9, hidden), Drawn(type, 1, 1, 9, hidden));
        Tensor Loss(Tensor sum, Tensor normed) => (readsSum ? (sum * ofSum).sum() : 0) + (readsNormed ? (normed * ofNormed).sum().to(ScalarType.Float32) : zeros([], device: device));
        Ran("1 add_norm, 1 add_norm_back", () =>
        {
            var (sum, normed) = new AddNorm(weight, 1e-3).Run(x, added, over: true)!.Value;
            Assert.NotSame(x, sum);
            Loss(sum, normed).backward();
            return true;
        });
        var (plainX, plainAdded) = (Apart(x), Apart(added));
        var plain = plainX + plainAdded;
        Loss(plain, plain * (plain.square().mean([-1], keepdim: true) + 1e-3).rsqrt() * Single(weight)).backward();
        Same(plainX, x, "of x");
        Same(plainAdded, added, "of what was added");
    }

    [Fact]
    public void What_fails_on_the_way_back_is_thrown_where_that_was_asked_for_or_else_at_the_next_pass()
    {
        var (x, norm) = (Drawn(ScalarType.Float32, 3, 2, 3, 64).requires_grad_(true), new AddNorm(Drawn(ScalarType.BFloat16, 1, 64), 1e-3));
        using var running = KernelDevice.StandIn(new RecordedDevice(_kernels, failing: "add_norm_back"));
        Tensor Sum() => norm.Run(x, null, over: false)!.Value.Normed.to(ScalarType.Float32).sum();
        Assert.Equal("add_norm_back fails.", Assert.Throws<InvalidOperationException>(() => GivenGradients.From(Sum())).Message);
        Sum().backward();
        Assert.Throws<InvalidOperationException>(Sum);
        Assert.Null(x.grad);
        Sum();
    }

    [Fact]
    public void A_norm_alone_given_a_gradient_that_is_one_number()
    {
        random.manual_seed(4);
        var (x, weight) = (Drawn(ScalarType.Float32, 3, 2, 3, 64).requires_grad_(true), Drawn(ScalarType.BFloat16, 1, 64));
        Ran("1 add_norm, 1 add_norm_back", () =>
        {
            var (sum, normed) = new AddNorm(weight, 1e-3).Run(x, null, over: false)!.Value;
            Assert.Same(x, sum);
            (normed.sum().to(ScalarType.Float32) + sum.sum()).backward();
            return true;
        });
        var plain = Apart(x);
        (plain * (plain.square().mean([-1], keepdim: true) + 1e-3).rsqrt() * Single(weight) + plain).sum().backward();
        Same(plain, x, "of x");
    }

    [Theory]
    [InlineData(5, 12, 20, ScalarType.BFloat16)]
    [InlineData(3, 8, 16, ScalarType.Float32)]
    public void A_frozen_mlp(int tokens, int hidden, int inner, ScalarType type)
    {
        random.manual_seed(inner);
        Parameter Weight(long rows, long columns) => new(Drawn(type, 0.5, rows, columns), requires_grad: false);
        var (w1, w2, w3) = (Weight(inner, hidden), Weight(hidden, inner), Weight(inner, hidden));
        var (x, given) = (Drawn(type, 1, 2, tokens, hidden).requires_grad_(true), Drawn(type, 1, 2, tokens, hidden));
        var y = Ran("1 swiglu", () => new SwiGluMlp(w1, w2, w3).Forward(x));
        Ran("1 swiglu_back", () =>
        {
            y.backward([given]);
            return true;
        });
        var plain = Apart(x);
        var exact = (nn.functional.silu(plain.matmul(Single(w1).T)) * plain.matmul(Single(w3).T)).matmul(Single(w2).T);
        exact.backward([Single(given)]);
        Golden.Close(exact.detach(), Single(y), 2 * Rounding(type), "y");
        Golden.Close(plain.grad!, Single(x.grad!), 2 * Rounding(type), "of x");

        // One whose weight learns is left to plain operations.
        w2.requires_grad = true;
        Ran("", () => new SwiGluMlp(w1, w2, w3).Forward(x));
    }

    [Theory]
    [InlineData(4, 2, 16, 1, 5, true, true, true, false, ScalarType.BFloat16)]
    [InlineData(6, 2, 24, 2, 3, true, true, true, true, ScalarType.Float32)]
    [InlineData(3, 3, 6, 2, 4, true, false, true, false, ScalarType.BFloat16)]
    [InlineData(2, 1, 8, 1, 4, false, true, false, true, ScalarType.BFloat16)]
    public void Heads(int heads, int kvHeads, int width, int batch, int tokens, bool readsQueries, bool readsKeys, bool readsValues, bool grows, ScalarType type)
    {
        random.manual_seed(width);
        var plan = new AttentionPlan(heads, kvHeads, width, 1e4, grows ? 2 : 64, grows ? 2.0 : null);
        var rotary = new RotaryEmbedding(width, plan.RopeTheta, plan.MaxPositions, plan.DynamicFactor);
        var fused = Drawn(type, 1, batch, tokens, (heads + 2 * kvHeads) * width).requires_grad_(true);
        // As attention gives them, tokens first or heads first, and one that is a single number.
        var (ofQ, ofK, ofV) = (Drawn(type, 1, batch, tokens, heads, width).transpose(1, 2), Drawn(type, 1, batch, kvHeads, tokens, width), Drawn(type, 1).expand(batch, kvHeads, tokens, width));
        Tensor Loss(Tensor q, Tensor k, Tensor v) =>
            (readsQueries ? (q * ofQ).sum() : 0) + (readsKeys ? (k * ofK).sum() : 0) + (readsValues ? (v * ofV).sum() : zeros([], device: device));
        Ran("1 place_heads, 1 place_heads_back", () =>
        {
            Tensor q, k, v;
            using (var window = new TokenWindow(tokens, device)) (q, k, v) = new RotatedHeads(plan).Run(fused, window, rotary, null)!.Value;
            Loss(q, k, v).backward();
            return true;
        });
        var plain = Apart(fused);
        using var again = new TokenWindow(tokens, device);
        var each = heads / kvHeads;
        var projected = plain.view(batch, tokens, kvHeads, each + 2, width);
        var turned = again.Angles(rotary, ScalarType.Float32).Rotate(projected.narrow(3, 0, each + 1));
        Loss(turned.narrow(3, 0, each).flatten(2, 3).transpose(1, 2), turned.select(3, each).transpose(1, 2), projected.select(3, each + 1).transpose(1, 2)).backward();
        Same(plain, fused, "of the projection");
    }

    VisionLanguageModel Student(ScalarType type, IReadOnlyDictionary<string, Parameter>? numbers = null)
    {
        var student = numbers is null ? GoldenModel.Load(GoldenModel.Hybrid, type, device)
            : new VisionLanguageModel(GoldenModel.Hybrid, new GoldenModel.Values(numbers.ToDictionary(entry => entry.Key, entry => (Tensor)entry.Value), device: device));
        EndToEndDistillation.Train(student, student.Plan.RecipeOf().StageOf(StageKind.EndToEnd).Train);
        return student;
    }

    static ModelInput Input => new(arange(13, ScalarType.Int64).unsqueeze(0) * 5 % 90);

    // A stage's gradients of what it trains, one behind the other.
    Tensor Gradients(VisionLanguageModel student, bool again)
    {
        random.manual_seed(11);
        var given = Drawn(ScalarType.Float32, 1, 1, 13, student.Plan.HiddenSize).to(student.Dtype);
        using (NewDisposeScope())
            if (again)
            {
                var run = new GradientCheckpointing(student, 0, Input);
                Tensor stream;
                using (no_grad()) stream = student.Embed(Input);
                run.Forward(stream.DetachFromDisposeScope());
                run.Backward(given.DetachFromDisposeScope());
            }
            else student.Hidden(Input).backward([given]);
        var trained = student.Tensors.Values.Where(tensor => tensor.requires_grad).ToArray();
        var all = cat([.. trained.Select(tensor => Single(tensor.grad!).flatten())]);
        foreach (var tensor in trained) tensor.grad = null;
        return all;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_students_gradients_are_no_further_from_float32_than_those_of_plain_operations(bool again)
    {
        using var half = Student(ScalarType.BFloat16);
        using var exact = Student(ScalarType.Float32, half.Tensors);
        var expected = Gradients(exact, again);
        Tensor ours, theirs = Gradients(half, again);
        using (KernelDevice.StandIn(_kernels)) ours = Gradients(half, again);
        // Nothing is trained before layer 1.
        var (layers, attention) = (half.Plan.Layers.Count, half.Plan.Layers.Count(layer => layer.Mixer is AttentionPlan));
        Assert.Equal(
            again
                ? $"{4 * layers + 2} add_norm, {2 * layers - 1} add_norm_back, {2 * attention} place_heads, {attention - 1} place_heads_back, {2 * layers} swiglu, {layers - 1} swiglu_back"
                : $"{2 * layers + 1} add_norm, {2 * layers - 2} add_norm_back, {attention} place_heads, {attention - 1} place_heads_back, {layers} swiglu, {layers - 1} swiglu_back",
            _kernels.Told());
        Assert.InRange(Distance(ours, expected), 0, 1.1 * Distance(theirs, expected));
        using var full = KernelDevice.StandIn(_kernels);
        Golden.Close(expected, Gradients(exact, again), 1e-5, "in float32");

        static double Distance(Tensor actual, Tensor expected) => ((actual - expected).norm() / expected.norm()).item<float>();
    }

    [Fact]
    public void Steps_leave_nothing_behind()
    {
        using var student = Student(ScalarType.BFloat16);
        using var running = KernelDevice.StandIn(_kernels);
        long Step()
        {
            using (NewDisposeScope()) Gradients(student, again: false);
            return Tensor.TotalCount;
        }
        Step(); // makes masks that stay, and leaves the last gradients that were given
        var after = Step();
        Assert.Equal(after, Step());
        Assert.Equal(after, Step());
    }

    /// <summary>Of libtorch's operations a layer's products and attention are left, one way and the other.</summary>
    [Fact]
    public void A_retained_layer_is_products_attention_and_kernels()
    {
        using var student = Student(ScalarType.BFloat16);
        var layer = student.Plan.Layers.First(one => one.Mixer is AttentionPlan).Index;
        using var running = KernelDevice.StandIn(_kernels);
        var stream = Drawn(ScalarType.Float32, 1, 1, 8, student.Plan.HiddenSize).requires_grad_(true);
        var input = new ModelInput(arange(8, ScalarType.Int64).unsqueeze(0));
        using (var first = student.HiddenFrom(layer, stream, input)) _kernels.Told();
        using var window = new TokenWindow(8, device);
        using var x = new ResidualStream(stream.alias(), own: false, shown: false);
        using (no_grad()) window.Angles(((AttentionLayer)student.Layers[layer]).Attention.Rotary, ScalarType.Float32);
        var normed = Counted(6, "3 add_norm, 1 place_heads, 1 swiglu", () =>
        {
            student.Layers[layer].Forward(x, window, null, null);
            return x.NormedLast(student.Norm);
        });
        var given = ones_like(normed);
        // Five products, attention, and what comes back past the first norm, before which nothing was added.
        Counted(7, "3 add_norm_back, 1 place_heads_back, 1 swiglu_back", () =>
        {
            normed.backward([given]);
            return normed;
        });
    }

    Tensor Counted(int operations, string kernels, Func<Tensor> run)
    {
        using var count = new OperationCount();
        var result = run();
        Assert.Equal(kernels, _kernels.Told());
        Assert.True(count.Launches == operations, $"{count.Launches}: {count}");
        return result;
    }
}

public sealed class PointwiseGradientTestsOnCuda() : PointwiseGradientTests(TestDevice.Cuda, null);

public sealed class PointwiseGradientTestsEmulated() : PointwiseGradientTests(TestDevice.Cpu, emulated: 1);
