using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Tests.Distillation;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>Passes of whole models whose pointwise work is done by kernels of our own.</summary>
/// <param name="device">Where the tensors lie.</param>
/// <param name="emulated">Seed of the emulator that runs the kernels; null where the device does.</param>
public abstract class PassKernelTests(Device device, ulong? emulated) : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly IDisposable _guard = no_grad();
    readonly RecordedDevice _kernels = PointwiseLaunches.Record(device, emulated);

    public void Dispose()
    {
        _guard.Dispose();
        _scope.Dispose();
    }

    VisionLanguageModel Load(string name, ScalarType type = ScalarType.BFloat16) => GoldenModel.Load(GoldenModel.Named(name), type, device);

    static ModelInput Input(int batch, int tokens, int seed, Tensor? mask = null)
    {
        random.manual_seed(seed);
        return new(randint(0, 90, new Size([batch, tokens]), ScalarType.Int64), AttentionMask: mask);
    }

    static Tensor Single(Tensor x) => x.to(ScalarType.Float32).cpu();

    static double Distance(Tensor actual, Tensor expected) => ((Single(actual) - Single(expected)).norm() / Single(expected).norm()).item<float>();

    // What runs without kernels of our own, wherever the tensors are.
    T Plainly<T>(Func<T> run)
    {
        using var running = KernelDevice.StandIn(new RecordedDevice(_kernels, capability: 70));
        return run();
    }

    T Launched<T>(Func<T> run)
    {
        using var running = KernelDevice.StandIn(_kernels);
        return run();
    }

    [Theory]
    [InlineData("GoldenHovle")]
    [InlineData("GoldenHybrid")]
    [InlineData("GoldenNtk")]
    [InlineData("GoldenWindows")]
    public void In_bfloat16_they_are_no_further_from_float32_than_plain_operations(string name)
    {
        using var half = Load(name);
        using var exact = new VisionLanguageModel(half.Plan, new GoldenModel.Values(half.Tensors.ToDictionary(entry => entry.Key, entry => (Tensor)entry.Value), device: device));
        var (ours, theirs) = (0.0, 0.0);
        for (var seed = 0; seed < 4; seed++)
        {
            var mask = seed % 2 == 0 ? null : tensor([true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, false, false, false, false], [2, 10]).flip(0);
            var input = Input(2, 10, seed, mask);
            var expected = Plainly(() => exact.Forward(input));
            var real = mask is null ? ones_like(expected, device: CPU) : mask.unsqueeze(-1).to(ScalarType.Float32);
            ours += Distance(Single(Launched(() => half.Forward(input))) * real, Single(expected) * real);
            theirs += Distance(Single(Plainly(() => half.Forward(input))) * real, Single(expected) * real);
        }
        var layers = half.Plan.Layers;
        var attention = layers.Count(layer => layer.Mixer is not Mamba2Plan);
        Assert.Equal($"{4 * (2 * layers.Count + 1)} add_norm, {4 * attention} place_heads, {4 * layers.Count} swiglu", _kernels.Told());
        Assert.InRange(ours, 0, 1.1 * theirs);
    }

    [Theory]
    [InlineData(ScalarType.Float32, 2e-5)]
    [InlineData(ScalarType.BFloat16, 3e-2)]
    public void A_pass_goes_on_where_another_ended(ScalarType type, double tolerance)
    {
        using var model = Load("GoldenHybrid", type);
        var input = Input(2, 23, 7);
        var whole = Launched(() => model.Forward(input));
        _kernels.Told();
        using var cache = model.CreateCache(2, 30);
        foreach (var (first, count) in new[] { (0, 9), (9, 13), (22, 1) })
        {
            var part = Launched(() => model.Forward(new(input.InputIds.narrow(1, first, count)), cache));
            Golden.Close(whole.narrow(1, first, count), part, tolerance, $"logits from {first} on");
        }
        var (layers, attention) = (model.Plan.Layers.Count, model.Plan.Layers.Count(layer => layer.Mixer is AttentionPlan));
        // A GPU's flash kernel, in half precision, needs no parts.
        var merged = device.type == DeviceType.CUDA && type == ScalarType.BFloat16 ? "" : $"{attention} merge, ";
        Assert.Equal($"{3 * (2 * layers + 1)} add_norm, {merged}{3 * attention} place_heads, {3 * layers} swiglu", _kernels.Told());
    }

    [Fact]
    public void What_is_shown_of_a_pass_is_what_plain_operations_show()
    {
        using var model = Load("GoldenHovle", ScalarType.Float32);
        var input = Input(1, 9, 3);
        List<Tensor> Shown()
        {
            var shown = new List<Tensor>();
            model.Trace(input, trace => shown.AddRange([trace.NormedInput.alias().DetachFromDisposeScope(), trace.MixerOutput.alias().DetachFromDisposeScope()]));
            var after = model.Run(input, null, null, (_, x) => shown.Add(x.alias().DetachFromDisposeScope()));
            foreach (var one in shown) _scope.Attach(one);
            return [.. shown, after];
        }
        var (expected, actual) = (Plainly(Shown), Launched(Shown));
        Assert.Equal(3 * model.Plan.Layers.Count + 1, actual.Count);
        foreach (var (one, other) in expected.Zip(actual)) Golden.Close(one, other, 1e-5, "what is shown");
    }

    [Fact]
    public void A_stream_that_is_not_to_be_written_over_stays()
    {
        using var model = Load("GoldenHovle");
        var input = Input(1, 6, 3);
        var stream = model.Embed(input);
        var before = stream.clone();
        var hidden = Launched(() => model.HiddenFrom(0, stream, input));
        Assert.Equal(before, stream);
        Assert.Equal(hidden, Launched(() => model.HiddenFrom(0, stream, input, over: true)));
        Assert.NotEqual(before, stream);
    }

    [Fact]
    public void A_pass_leaves_its_result_and_nothing_else()
    {
        using var model = Load("GoldenHybrid");
        using var cache = model.CreateCache(1, 40);
        for (var i = 0; i < 3; i++)
        {
            var input = Input(1, 8, 4);
            var before = Tensor.TotalCount;
            using var logits = Launched(() => model.Forward(input, cache));
            if (i > 0) Assert.Equal(before + 1, Tensor.TotalCount); // the first one makes masks that stay
        }
    }

    /// <summary>Of libtorch's operations the products and attention are left.</summary>
    [Fact]
    public void A_teachers_layer_is_five_products_attention_and_four_kernels()
    {
        using var model = Load("GoldenHovle");
        var input = Input(1, 8, 4);
        var stream = zeros(1, 8, model.Plan.HiddenSize, device: device);
        var counts = new List<(int Operations, string Kernels)>();
        foreach (var layers in new[] { 1, 1, 2 })
        {
            using var count = new OperationCount();
            Launched(() => model.Run(input, null, null, null, 0, layers, stream));
            counts.Add((count.Launches, _kernels.Told()));
        }
        Assert.Equal("2 add_norm, 1 place_heads, 1 swiglu", counts[1].Kernels);
        Assert.Equal("4 add_norm, 2 place_heads, 2 swiglu", counts[2].Kernels);
        Assert.Equal(6, counts[2].Operations - counts[1].Operations);
    }
}

public sealed class PassKernelTestsOnCuda() : PassKernelTests(TestDevice.Cuda, null);

public sealed class PassKernelTestsEmulated() : PassKernelTests(TestDevice.Cpu, emulated: 1);
