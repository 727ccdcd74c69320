using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Tests.Kernels.Emulation;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>A mixer's pass with gradients by kernels of our own, against plain operations in float32 on the same rounded numbers.</summary>
/// <param name="device">Where the tensors lie.</param>
/// <param name="emulated">Seed of the emulator that runs the kernels; null where the device does.</param>
public abstract class TrainedMixerTests(Device device, ulong? emulated)
{
    const int Hidden = 64;

    // Large, so that no head's output is so small beside it that the norm makes much of its last bits.
    const double Eps = 0.01;

    // A head's sums over all tokens, of numbers that cancel.
    const double Cancelling = 0.08, Tolerance = 0.02;

    protected sealed record Case(int Heads, int KvHeads, int HeadDim, long[] Lengths)
    {
        public int Conv { get; init; } = 2;
        public string Off { get; init; } = "skip";
        public bool Packed { get; init; }
        public long Batch => Packed ? 1 : Lengths.Length;
        public long Width => Packed ? Lengths.Sum() : Lengths.Max();

        public Mamba2Plan Plan => new(Heads, KvHeads, HeadDim, Conv, 16, Has("gate"), Has("norm"), Has("decay"), Has("skip"), false, Eps);

        bool Has(string part) => !Off.Contains(part, StringComparison.Ordinal);
    }

    // By name: chunks of 64 with tails, groups, switches, widths of heads, pads, packed sequences.
    static readonly Dictionary<string, Case> Cases = new()
    {
        ["one_chunk"] = new(2, 1, 16, [40]),
        ["whole_chunks"] = new(2, 1, 16, [128]),
        ["three_chunks"] = new(4, 2, 16, [150]),
        ["two_sequences"] = new(2, 1, 16, [70, 70]),
        ["pads"] = new(2, 1, 16, [70, 33]) { Off = "gate skip" },
        ["packed"] = new(2, 1, 16, [70, 5, 130]) { Packed = true },
        ["no_groups"] = new(3, 3, 16, [70]),
        ["heads_of_32"] = new(2, 1, 32, [70]),
        ["heads_of_64"] = new(2, 1, 64, [70]),
        ["heads_of_128"] = new(2, 1, 128, [70]),
        ["no_convolution"] = new(2, 1, 16, [70]) { Conv = 0 },
        ["four_taps"] = new(2, 1, 16, [70, 64]) { Conv = 4, Off = "" },
        ["skip"] = new(2, 1, 16, [70]) { Off = "" },
        ["no_gate"] = new(2, 1, 16, [70]) { Off = "gate skip" },
        ["no_norm"] = new(2, 1, 16, [70]) { Off = "norm skip" },
        ["no_decay"] = new(2, 1, 16, [70]) { Off = "decay skip" },
        ["bare"] = new(2, 2, 16, [70]) { Conv = 0, Off = "gate norm decay skip" },
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    IDisposable? Running() => emulated is { } seed ? KernelDevice.StandIn(EmulatedDevice.Here(seed)) : null;

    static Dictionary<string, Tensor> Draw(Mamba2Plan plan)
    {
        random.manual_seed(3);
        long heads = plan.Heads, groups = plan.KvHeads, dim = plan.HeadDim, channels = (heads + 2 * groups) * dim;
        var tensors = new Dictionary<string, Tensor>
        {
            ["v_proj.weight"] = randn(groups * dim, Hidden) / 8, ["k_proj.weight"] = randn(groups * dim, Hidden) / 16, ["q_proj.weight"] = randn(heads * dim, Hidden) / 16,
            ["in_proj.weight"] = randn(heads, Hidden) / 8, ["dt_bias"] = randn(heads) - 2,
        };
        if (plan.Gate) tensors["g_proj.weight"] = randn(heads * dim, Hidden) / 8;
        if (plan.GateNorm) tensors["g_norm.weight"] = 1 + randn(dim) / 8;
        if (plan.Conv > 0) (tensors["conv1d.weight"], tensors["conv1d.bias"]) = (randn(channels, 1, plan.Conv) / 2 + 0.5, randn(channels) / 8);
        if (plan.Decay) tensors["A_log_bias"] = randn(heads);
        if (plan.Skip) tensors["D"] = 1 + randn(heads) / 4;
        return tensors;
    }

    static (Mamba2Mixer Mixer, Dictionary<string, Parameter> Parameters) Made(Mamba2Plan plan, Dictionary<string, Tensor> values, Device device, Func<string, Tensor, Tensor>? change = null)
    {
        var parameters = values.ToDictionary(value => "layers.0.attention." + value.Key, value => new Parameter((change is null ? value.Value : change(value.Key, value.Value)).to(device).clone(), true));
        var plans = parameters.Select(parameter => new TensorPlan(parameter.Key, [.. parameter.Value.shape], TensorGroup.Value, 0, new Copied("")));
        return (new(plan, new(plans, 0, parameters, "a mixer")), parameters);
    }

    // Products round their weights.
    static Tensor Rounded(string name, Tensor value) => name.EndsWith("proj.weight", StringComparison.Ordinal) ? value.to(ScalarType.BFloat16).to(ScalarType.Float32) : value;

    static void Close(Tensor expected, Tensor actual, double tolerance, string what, List<string> told)
    {
        Assert.Equal(expected.shape, actual.shape);
        var (scale, difference) = (expected.abs().max().item<float>(), (expected - actual.to(ScalarType.Float32)).abs().max().item<float>());
        if (!(difference <= tolerance * scale)) told.Add(FormattableString.Invariant($"{what} differs by {difference / scale:P1}"));
    }

    static Tensor Input(Case given, Device device) => randn(given.Batch, given.Width, Hidden).to(ScalarType.BFloat16).to(device);

    static Tensor Back(Case given, Device device) => randn(given.Batch, given.Width, given.Heads * given.HeadDim).to(ScalarType.BFloat16).to(device);

    // Through the kernels alone.
    static Tensor Mixed(Mamba2Mixer mixer, Mamba2Plan plan, Tensor u, Tensor? mask = null, Packing? packing = null)
    {
        var mixed = TrainedMixer.Of(mixer, plan)!.Mix(u, mask, packing);
        Assert.True(mixed is not null, PassKernels.Failure);
        return mixed;
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Outputs_and_gradients_are_those_of_plain_operations(string name)
    {
        using var scope = NewDisposeScope();
        var given = Cases[name];
        var plan = given.Plan;
        var values = Draw(plan);
        var (u, back) = (Input(given, device), Back(given, device));
        var packing = given.Packed ? new Packing(given.Lengths) : null;
        Tensor? mask = null;
        if (!given.Packed && given.Lengths.Any(length => length != given.Width))
            mask = arange(given.Width, device: device).unsqueeze(0) < tensor(given.Lengths, device: device).unsqueeze(1);

        var (plain, expected) = Made(plan, values, device, Rounded);
        var (plainInput, input) = (u.to(ScalarType.Float32).requires_grad_(), u.detach().requires_grad_());
        var y = plain.Mix(plainInput, mask, packing: packing);
        y.backward([back.to(ScalarType.Float32)]);

        var (mixer, parameters) = Made(plan, values, device);
        using var running = Running();
        var mixed = Mixed(mixer, plan, input, mask, packing);
        Assert.Equal(ScalarType.BFloat16, mixed.dtype);
        mixed.backward([back]);
        var told = new List<string>();
        Close(y, mixed, Tolerance, "output", told);
        Close(plainInput.grad!, input.grad!, Tolerance, "gradient of the input", told);
        foreach (var (key, parameter) in expected)
        {
            Assert.Equal(ScalarType.Float32, parameters[key].grad!.dtype);
            Close(parameter.grad!, parameters[key].grad!, key.EndsWith("dt_bias", StringComparison.Ordinal) || key.EndsWith("A_log_bias", StringComparison.Ordinal) ? Cancelling : Tolerance, "gradient of " + key, told);
        }
        Assert.True(told.Count == 0, string.Join("; ", told));
    }

    [Fact]
    public void Gradients_of_parts_of_a_batch_add_up()
    {
        using var scope = NewDisposeScope();
        var given = Cases["two_sequences"];
        var values = Draw(given.Plan);
        var (u, back) = (Input(given, device), Back(given, device));
        var (whole, expected) = Made(given.Plan, values, device);
        var (cut, parameters) = Made(given.Plan, values, device);
        using var running = Running();
        Mixed(whole, given.Plan, u).backward([back]);
        for (var row = 0; row < 2; row++) Mixed(cut, given.Plan, u.narrow(0, row, 1)).backward([back.narrow(0, row, 1)]);
        var told = new List<string>();
        foreach (var (key, parameter) in expected) Close(parameter.grad!, parameters[key].grad!, 1e-5, key, told);
        Assert.True(told.Count == 0, string.Join("; ", told));
    }

    [Fact]
    public void Gradients_are_the_same_whether_the_inputs_is_asked_for()
    {
        using var scope = NewDisposeScope();
        var given = Cases["three_chunks"];
        var values = Draw(given.Plan);
        var (u, back) = (Input(given, device), Back(given, device));
        var (asked, expected) = Made(given.Plan, values, device);
        var (alone, parameters) = Made(given.Plan, values, device);
        using var running = Running();
        Mixed(asked, given.Plan, u.detach().requires_grad_()).backward([back]);
        Mixed(alone, given.Plan, u).backward([back]);
        Assert.All(expected, parameter => Assert.True(parameter.Value.grad!.Equals(parameters[parameter.Key].grad!), parameter.Key));
    }

    // As in the stage that trains what the mixers introduced; what is frozen may be rounded already.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_frozen_gets_no_gradient(bool rounded)
    {
        using var scope = NewDisposeScope();
        var given = Cases["whole_chunks"];
        string[] frozen = ["layers.0.attention.v_proj.weight", "layers.0.attention.k_proj.weight", "layers.0.attention.q_proj.weight", "layers.0.attention.dt_bias"];
        var values = Draw(given.Plan);
        var (u, back) = (Input(given, device), Back(given, device));
        var (whole, expected) = Made(given.Plan, values, device, Rounded);
        var (mixer, parameters) = Made(given.Plan, values, device, (name, value) => rounded && frozen[..3].Contains("layers.0.attention." + name) ? value.to(ScalarType.BFloat16) : value);
        foreach (var name in frozen) parameters[name].requires_grad = false;
        using var running = Running();
        Mixed(whole, given.Plan, u).backward([back]);
        Mixed(mixer, given.Plan, u).backward([back]);
        Assert.All(parameters, parameter => Assert.Equal(frozen.Contains(parameter.Key), parameter.Value.grad is null));
        var told = new List<string>();
        foreach (var (key, parameter) in expected.Where(parameter => !frozen.Contains(parameter.Key))) Close(parameter.grad!, parameters[key].grad!, 1e-6, key, told);
        Assert.True(told.Count == 0, string.Join("; ", told));
    }

    [Fact]
    public void The_mixer_takes_them_where_gradients_are_recorded_alone()
    {
        using var scope = NewDisposeScope();
        var given = Cases["three_chunks"];
        var u = Input(given, device);
        var (mixer, parameters) = Made(given.Plan, Draw(given.Plan), device);
        using var running = Running();
        Assert.True(Mixed(mixer, given.Plan, u).Equals(mixer.Mix(u)));
        var kernels = TrainedMixer.Of(mixer, given.Plan)!;
        Assert.Null(kernels.Mix(u.to(ScalarType.Float32), null, null));
        using (no_grad()) Assert.Null(kernels.Mix(u, null, null));
        foreach (var parameter in parameters.Values) parameter.requires_grad = false;
        Assert.Null(kernels.Mix(u, null, null));
        Assert.Null(TrainedMixer.Of(mixer, given.Plan with { HeadDim = 24 }));
        Assert.Null(TrainedMixer.Of(mixer, given.Plan with { QkNorm = true }));
    }

    [Fact]
    public void Steps_leave_no_tensors_behind()
    {
        using var scope = NewDisposeScope();
        var given = Cases["pads"];
        var (u, back) = (Input(given, device), Back(given, device));
        var mask = arange(given.Width, device: device).unsqueeze(0) < tensor(given.Lengths, device: device).unsqueeze(1);
        var (mixer, parameters) = Made(given.Plan, Draw(given.Plan), device);
        using var running = Running();
        var counts = new List<long>();
        for (var step = 0; step < 4; step++)
        {
            using (NewDisposeScope())
            {
                Mixed(mixer, given.Plan, u.detach().requires_grad_(), mask).backward([back]);
                foreach (var parameter in parameters.Values) parameter.grad = null;
            }
            counts.Add(Tensor.TotalCount);
        }
        Assert.Equal(counts[1], counts[^1]);
    }

    [Fact]
    public void Its_work_is_that_of_plain_operations()
    {
        using var scope = NewDisposeScope();
        foreach (var given in (Case[])[Cases["one_chunk"] with { Lengths = [16] }, Cases["three_chunks"], Cases["packed"], Cases["no_convolution"]])
        {
            var u = Input(given, device);
            var packing = given.Packed ? new Packing(given.Lengths) : null;
            var (mixer, _) = Made(given.Plan, Draw(given.Plan), device);
            var expected = Heard(() => mixer.Mix(u.to(ScalarType.Float32), packing: packing));
            using var running = Running();
            Assert.Equal(expected, Heard(() => Mixed(mixer, given.Plan, u, packing: packing)));
        }

        static SortedDictionary<string, long> Heard(Action work)
        {
            var terms = new SortedDictionary<string, long>(StringComparer.Ordinal);
            using (Work.Listen((term, flops) => terms[term] = terms.GetValueOrDefault(term) + flops)) work();
            return terms;
        }
    }
}

public sealed class TrainedMixerTestsEmulated() : TrainedMixerTests(CPU, 1);

public sealed class TrainedMixerTestsOnCuda() : TrainedMixerTests(TestDevice.Cuda, null);
