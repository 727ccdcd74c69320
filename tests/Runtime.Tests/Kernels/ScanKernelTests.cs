using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Native;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Tests.Engine;
using MmMamba.Runtime.Tests.Kernels.Emulation;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>The convolution, the scan and the whole mixer in kernels of our own are those of plain operations in float32 on the same bfloat16 numbers.</summary>
/// <param name="device">Where the tensors lie.</param>
public abstract class ScanKernelTests(Device device)
{
    // Of the greatest value: bfloat16 has 8 bits, and operands, states and outputs are each rounded once.
    const double Tolerance = 8e-3;

    /// <summary>What runs the kernels.</summary>
    private protected abstract IKernelDevice Kernels();

    private protected static Mamba2Plan Plan(int heads, int groups, int width, int taps = 2, bool gate = false, bool gateNorm = false, bool decay = true, bool skip = false, bool qkNorm = false) =>
        new(heads, groups, width, taps, 128, gate, gateNorm, decay, skip, qkNorm, 1e-5);

    // Drawn on the CPU, whose generator is the one that is seeded.
    Tensor Drawn(double scale, double shift, params long[] shape) => (randn(shape) * scale + shift).to(ScalarType.BFloat16).to(device);

    static Tensor Single(Tensor x) => x.to(ScalarType.Float32);

    private protected void Scan_is_the_plain_one(int batch, int length, int heads, int groups, int width, int segments, bool withState)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        random.manual_seed(length + width + segments);
        var (plan, recorded) = (Plan(heads, groups, width), new RecordedDevice(Kernels()));
        using var running = KernelDevice.StandIn(recorded);
        var (v, k, q) = (Drawn(1, 0, batch, length, groups, width), Drawn(1, 0, batch, length, groups, width), Drawn(1, 0, batch, length, heads, width));
        // Rows of dt stand in wider ones.
        var (dt, bias, rates) = (Drawn(1, -3, batch, length, heads + 8).narrow(-1, 4, heads), Drawn(0.5, 0, heads), Drawn(1, 0, heads));
        var initial = withState ? (randn(batch, heads, width, width) * 3).to(device) : null;
        var state = initial?.clone();

        var steps = nn.functional.softplus(Single(dt) + Single(bias));
        var (expected, final) = SsdScan.Run(v, k, q, steps, Single(rates).exp().neg(), 64, initial, wantFinal: true);
        var scan = new ScanKernels(plan);
        var vkq = cat([v.flatten(2), k.flatten(2), q.flatten(2)], -1);
        var y = scan.Scan(scan.On(device)!, vkq, null, dt, bias, rates, null, null, state, segments);
        Assert.Equal(segments > 1 ? ["scan_added", "scan_starts", "scan_outputs"] : ["scan_outputs"], recorded.Launched);
        Golden.Close(expected.flatten(2), Single(y), Tolerance, "y");
        if (state is not null) Golden.Close(final!, state, Tolerance, "state");
    }

    [Theory]
    [InlineData(false, false, false, false)]
    [InlineData(true, false, true, false)]
    [InlineData(false, true, true, true)]
    [InlineData(true, true, false, true)]
    public void What_follows_the_scan_is_as_the_switches_say(bool gate, bool gateNorm, bool decay, bool skip)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        random.manual_seed(7);
        const int Length = 75, Heads = 3, Width = 32;
        var plan = Plan(Heads, 1, Width, gate: gate, gateNorm: gateNorm, decay: decay, skip: skip);
        using var running = KernelDevice.StandIn(Kernels());
        var (v, k, q) = (Drawn(1, 0, 1, Length, 1, Width), Drawn(1, 0, 1, Length, 1, Width), Drawn(1, 0, 1, Length, Heads, Width));
        var rest = Drawn(1, -1, 1, Length, Heads * Width + 16);
        var (gates, dt, bias, rates) = (rest.narrow(-1, 0, Heads * Width), rest.narrow(-1, Heads * Width, Heads), Drawn(0.5, 0, Heads), Drawn(1, 0, Heads));
        var (d, norm) = (Drawn(3, 0, Heads), Drawn(1, 0, Width));

        var steps = nn.functional.softplus(Single(dt) + Single(bias));
        var expected = SsdScan.Run(v, k, q, steps, decay ? Single(rates).exp().neg() : full(Heads, -1f, device: device), 64).Y;
        if (skip) expected = expected + SsdScan.Skip(Single(v), Single(d));
        if (gateNorm) expected = Aten.RmsNorm(expected, plan.NormEps) * Single(norm);
        if (gate) expected = expected * nn.functional.silu(Single(gates)).view(1, Length, Heads, Width);
        var scan = new ScanKernels(plan);
        var y = scan.Scan(
            scan.On(device)!, cat([v.flatten(2), k.flatten(2), q.flatten(2)], -1), gate ? gates : null, dt, bias, decay ? rates : null, skip ? d : null, gateNorm ? norm : null, null, 2);
        Golden.Close(expected.flatten(2), Single(y), Tolerance, "y");
    }

    [Theory]
    [InlineData(0, 5, true)]
    [InlineData(1, 17, true)]
    [InlineData(2, 33, true)]
    [InlineData(2, 40, false)]
    [InlineData(4, 2, true)]
    [InlineData(4, 1, true)]
    [InlineData(3, 16, false)]
    public void Convolution_is_the_plain_one(int taps, int length, bool withHistory)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        random.manual_seed(taps + length);
        var (plan, recorded) = (Plan(4, 2, 16, taps), new RecordedDevice(Kernels()));
        using var running = KernelDevice.StandIn(recorded);
        var channels = 8 * 16;
        var inputs = Drawn(1, 0, 2, length, channels + 24).narrow(-1, 0, channels);
        var (weight, bias) = (Drawn(1, 0, channels, 1, Math.Max(taps, 1)), Drawn(1, 0, channels));
        var history = withHistory && taps > 1 ? Drawn(1, 0, 2, channels, taps - 1) : null;
        var (expected, extended) = taps == 0
            ? (nn.functional.silu(Single(inputs)), inputs)
            : CausalConvolution.Run(Single(inputs), Single(weight), Single(bias), history is null ? null : Single(history).transpose(1, 2));

        var scan = new ScanKernels(plan);
        var y = scan.Convolution(scan.On(device)!, inputs, taps == 0 ? null : weight, taps == 0 ? null : bias, history);
        Assert.Equal(["convolution"], recorded.Launched);
        Golden.Close(expected, Single(y), 4e-3, "y"); // one rounding
        if (history is not null) Assert.True(extended.narrow(1, length, taps - 1).transpose(1, 2).Equals(Single(history)));
    }

    /// <summary>Passes one after the other, one of them of a single token, which plain operations compute; the work that is told is the same, too.</summary>
    [Theory]
    [InlineData(4, 2, 16, 2, true, true, true, false)]
    [InlineData(3, 1, 32, 4, true, false, false, true)]
    [InlineData(2, 2, 64, 0, false, true, true, true)]
    [InlineData(3, 3, 16, 1, false, false, true, false)]
    public void The_mixer_is_the_plain_one(int heads, int groups, int width, int taps, bool gate, bool gateNorm, bool decay, bool skip)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        random.manual_seed(heads + width);
        const int Batch = 2, Hidden = 48;
        var plan = Plan(heads, groups, width, taps, gate, gateNorm, decay, skip);
        var tensors = Parameters(plan, Hidden);
        var (half, exact) = (Mixer(plan, tensors), Mixer(plan, tensors.ToDictionary(entry => entry.Key, entry => Single(entry.Value))));
        var channels = (heads + 2 * groups) * width;
        using var state = new Mamba2State(Batch, channels, taps, heads, width, device, ScalarType.BFloat16);
        using var truth = new Mamba2State(Batch, channels, taps, heads, width, device, ScalarType.Float32);
        // Enough of them for more than one segment.
        var recorded = new RecordedDevice(Kernels(), multiprocessors: 64);
        using var running = KernelDevice.StandIn(recorded);
        var passes = 0;
        foreach (var (length, kept) in (ReadOnlySpan<(int, bool)>)[(70, true), (3, true), (1, true), (520, true), (66, false)])
        {
            var u = Drawn(1, 0, Batch, length, Hidden);
            var (ours, work) = Heard(() => half.Mix(u, state: kept ? state : null));
            var (expected, plainWork) = Heard(() => exact.Mix(Single(u), state: kept ? truth : null));
            if (length > 1) passes++;
            Assert.Equal(passes, recorded.Launched.Count(kernel => kernel == "scan_outputs"));
            Assert.Equal(ScalarType.BFloat16, ours.dtype);
            Golden.Close(expected, Single(ours), Passed, $"{length} tokens");
            Golden.Close(truth.Ssm, state.Ssm, Passed, "state");
            if (taps > 1) Golden.Close(truth.Conv, Single(state.Conv), Tolerance, "inputs of the convolution");
            Assert.Equal(plainWork, work);
        }
        Assert.Contains("scan_added", recorded.Launched);
    }

    /// <summary>The kernels change a state in float32; one that is held in bfloat16 is that one, rounded.</summary>
    [Fact]
    public void A_state_in_bfloat16_is_rounded_behind_the_kernels()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        random.manual_seed(4);
        var plan = Plan(4, 2, 16, gate: true);
        var mixer = Mixer(plan, Parameters(plan, 48));
        var recorded = new RecordedDevice(Kernels(), multiprocessors: 64);
        using var running = KernelDevice.StandIn(recorded);
        Mamba2State State(ScalarType type) => new(2, 8 * 16, 2, 4, 16, device, ScalarType.BFloat16, type);
        using var single = State(ScalarType.Float32);
        using var half = State(ScalarType.BFloat16);
        foreach (var length in (int[])[70, 520, 3])
        {
            var u = Drawn(1, 0, 2, length, 48);
            Assert.True(mixer.Mix(u, state: single).eq(mixer.Mix(u, state: half)).all().item<bool>());
            Assert.Equal(ScalarType.BFloat16, half.Ssm.dtype);
            single.Ssm.copy_(single.Ssm.to(ScalarType.BFloat16));
            Assert.True(single.Ssm.eq(Single(half.Ssm)).all().item<bool>());
            Assert.True(single.Conv.eq(half.Conv).all().item<bool>());
        }
        Assert.Equal(6, recorded.Launched.Count(kernel => kernel == "scan_outputs"));
    }

    [Fact]
    public void Plain_operations_compute_what_the_kernels_do_not_know()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var plan = Plan(2, 1, 16, gate: true);
        var mixer = Mixer(plan, Parameters(plan, 16));
        var recorded = new RecordedDevice(Kernels());
        using var running = KernelDevice.StandIn(recorded);
        var u = Drawn(1, 0, 1, 9, 16);
        mixer.Mix(u, mask: ones(1, 9, ScalarType.Bool, device));
        Mixer(plan with { QkNorm = true }, Parameters(plan with { QkNorm = true }, 16)).Mix(u);
        Mixer(plan with { HeadDim = 24 }, Parameters(plan with { HeadDim = 24 }, 16)).Mix(u);
        var mixed = Parameters(plan, 16);
        mixed["A_log_bias"] = Single(mixed["A_log_bias"]);
        Mixer(plan, mixed).Mix(u);
        using (enable_grad()) mixer.Mix(u);
        Assert.Empty(recorded.Launched);
        mixer.Mix(u);
        Assert.Equal(["convolution", "scan_outputs"], recorded.Launched);
    }

    [Fact]
    public void By_itself_it_is_timed_in_the_kernels()
    {
        var recorded = new RecordedDevice(Kernels());
        using var running = KernelDevice.StandIn(recorded);
        using var runs = new ScanRuns(Plan(2, 1, 16), device, 1, 70, sets: 2, segments: 9);
        Assert.Equal("kernels of our own, bfloat16, 2 segments a sequence", runs.Path);
        Assert.Equal(3, runs.Time(3).Count);
        Assert.Equal(["scan_added", "scan_starts", "scan_outputs"], recorded.Launched.Take(3));
        Assert.Equal(9, recorded.Launched.Count);
    }

    /// <summary>Greatest difference of the whole mixer, of the greatest value: its projections are rounded, too.</summary>
    const double Passed = 3e-2;

    static (Tensor Y, Dictionary<string, long> Work) Heard(Func<Tensor> mix)
    {
        var terms = new Dictionary<string, long>(StringComparer.Ordinal);
        using (Work.Listen((term, flops) => terms[term] = terms.GetValueOrDefault(term) + flops)) return (mix(), terms);
    }

    Dictionary<string, Tensor> Parameters(Mamba2Plan plan, int hidden)
    {
        var (width, keys) = (plan.Heads * plan.HeadDim, plan.KvHeads * plan.HeadDim);
        var scale = 1 / Math.Sqrt(hidden);
        var tensors = new Dictionary<string, Tensor>
        {
            ["v_proj.weight"] = Drawn(scale, 0, keys, hidden), ["k_proj.weight"] = Drawn(scale, 0, keys, hidden), ["q_proj.weight"] = Drawn(scale, 0, width, hidden),
            ["in_proj.weight"] = Drawn(scale, 0, plan.Heads, hidden), ["dt_bias"] = Drawn(0.5, -3, plan.Heads),
        };
        if (plan.Gate) tensors["g_proj.weight"] = Drawn(scale, 0, width, hidden);
        if (plan.GateNorm) tensors["g_norm.weight"] = Drawn(0.3, 1, plan.HeadDim);
        if (plan.Conv > 0) (tensors["conv1d.weight"], tensors["conv1d.bias"]) = (Drawn(1, 0, width + 2 * keys, 1, plan.Conv), Drawn(0.3, 0, width + 2 * keys));
        if (plan.Decay) tensors["A_log_bias"] = Drawn(1, 0, plan.Heads);
        if (plan.Skip) tensors["D"] = Drawn(1, 0, plan.Heads);
        foreach (var norm in plan.QkNorm ? (string[])["q_norm", "k_norm"] : []) (tensors[norm + ".weight"], tensors[norm + ".bias"]) = (Drawn(0.3, 1, plan.HeadDim), Drawn(0.3, 0, plan.HeadDim));
        return tensors;
    }

    static Mamba2Mixer Mixer(Mamba2Plan plan, Dictionary<string, Tensor> tensors)
    {
        const string at = "layers.0.attention.";
        var parameters = tensors.ToDictionary(entry => at + entry.Key, entry => new Parameter(entry.Value.clone(), false));
        return new(plan, new(parameters.Select(entry => new TensorPlan(entry.Key, entry.Value.shape.ToPlanList(), TensorGroup.Query, 0, new Drawn(Draw.Constant, 0, 0))), 0, parameters, "mixer"));
    }

    static VisionLanguageModel Model(string name, ScalarType type, Device device) => GoldenModel.Load(name == "linear" ? GoldenModel.Linear : GoldenModel.Hybrid, type, device);

    /// <summary>The reference's tiny models, a prompt in passes: logits of every position are no further from those of float32 than those of plain operations in bfloat16.</summary>
    [Theory]
    [InlineData("linear")]
    [InlineData("hybrid")]
    public void In_a_model_they_are_no_further_from_float32_than_plain_operations(string name)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var half = Model(name, ScalarType.BFloat16, device);
        // The same numbers, with room for what is computed of them.
        using var exact = new VisionLanguageModel(half.Plan, new GoldenModel.Values(half.Tensors.ToDictionary(entry => entry.Key, entry => (Tensor)entry.Value), device: device));
        var random = new Random(3);
        var (ours, theirs) = (0.0, 0.0);
        var recorded = new RecordedDevice(Kernels());
        for (var prompt = 0; prompt < 3; prompt++)
        {
            using var cache = half.CreateCache(2, 64);
            using var plain = half.CreateCache(2, 64);
            using var truth = exact.CreateCache(2, 64);
            foreach (var length in (int[])[40, 9])
            {
                var input = new ModelInput(tensor(Enumerable.Range(0, 2 * length).Select(_ => (long)random.Next(half.Plan.Tokens.Image)).ToArray()).view(2, length));
                var expected = exact.Forward(input, truth);
                using (KernelDevice.StandIn(new RecordedDevice(Kernels(), capability: 70))) theirs += Distance(half.Forward(input, plain), expected);
                using (KernelDevice.StandIn(recorded)) ours += Distance(half.Forward(input, cache), expected);
            }
        }
        Assert.Equal(6 * half.Plan.Layers.Count(layer => layer.Mixer is Mamba2Plan), recorded.Launched.Count(kernel => kernel == "scan_outputs"));
        Assert.InRange(ours, 0, 1.1 * theirs);

        static double Distance(Tensor actual, Tensor expected) => ((Single(actual) - Single(expected)).norm() / Single(expected).norm()).item<float>();
    }
}

public sealed class ScanKernelTestsOnCuda() : ScanKernelTests(TestDevice.Cuda)
{
    private protected override IKernelDevice Kernels()
    {
        Assert.SkipUnless(CudaDevice.Current(out var reason) is not null, reason ?? "");
        return CudaDevice.Current(out _)!;
    }

    [Theory]
    [InlineData(1, 1000, 16, 8, 128, 1, true)]
    [InlineData(1, 1000, 16, 8, 128, 16, true)]
    [InlineData(2, 1000, 16, 8, 128, 4, false)]
    [InlineData(1, 5000, 16, 8, 128, 7, true)]
    [InlineData(1, 64, 6, 2, 128, 1, false)]
    [InlineData(3, 130, 4, 4, 64, 3, true)]
    [InlineData(2, 300, 6, 2, 32, 2, true)]
    [InlineData(2, 300, 4, 1, 16, 5, true)]
    public void Scan(int batch, int length, int heads, int groups, int width, int segments, bool withState) => Scan_is_the_plain_one(batch, length, heads, groups, width, segments, withState);
}

public sealed class ScanKernelTestsEmulated() : ScanKernelTests(TestDevice.Cpu)
{
    private protected override IKernelDevice Kernels() => EmulatedDevice.Here(seed: 1);

    [Fact]
    public void A_multiprocessor_that_is_too_small_for_a_head_is_not_asked()
    {
        using var guard = no_grad();
        // Of consumers' GPUs.
        using var running = KernelDevice.StandIn(new RecordedDevice(Kernels(), mostShared: 99 * 1024));
        Assert.Null(new ScanKernels(Plan(16, 8, 128)).On(CPU));
        Assert.NotNull(new ScanKernels(Plan(4, 2, 16)).On(CPU));
    }

    [Theory]
    [InlineData(1, 70, 2, 1, 128, 1, true)]
    [InlineData(1, 130, 1, 1, 128, 3, true)]
    [InlineData(2, 2, 4, 2, 16, 1, true)]
    [InlineData(2, 64, 3, 1, 16, 1, false)]
    [InlineData(1, 200, 2, 2, 64, 2, true)]
    [InlineData(3, 129, 6, 2, 32, 3, false)]
    [InlineData(1, 450, 2, 1, 16, 3, true)]
    public void Scan(int batch, int length, int heads, int groups, int width, int segments, bool withState) => Scan_is_the_plain_one(batch, length, heads, groups, width, segments, withState);
}
