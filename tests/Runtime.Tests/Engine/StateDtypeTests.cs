using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Tests.Kernels.Emulation;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>States that are held in bfloat16: computed in float32, rounded behind every pass, and read by nothing that takes them for float32.</summary>
public sealed class StateDtypeTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    static bool Same(Tensor a, Tensor b) => a.eq(b).all().item<bool>();

    static Tensor Rounded(Tensor x) => x.to(ScalarType.BFloat16).to(ScalarType.Float32);

    static Tensor Ids(int batch, int length) => randint(0, 90, new Size([batch, length]), ScalarType.Int64, generator: new Generator(7));

    [Fact]
    public void By_itself_it_is_float32_and_no_other_than_the_two_is_taken()
    {
        using var model = GoldenModel.Load(GoldenModel.Hybrid, ScalarType.BFloat16);
        Assert.Equal(ScalarType.Float32, model.StateDtype);
        using (var cache = model.CreateCache(1, 4)) Assert.All(cache.OfType<Mamba2State>(), state => Assert.Equal(ScalarType.Float32, state.Ssm.dtype));
        Assert.Equal("States are held in float32 or bfloat16, and not in Float16.", Assert.Throws<InputException>(() => model.StateDtype = ScalarType.Float16).Message);
        Assert.Equal(ScalarType.Float32, model.StateDtype);
    }

    [Fact]
    public void States_take_half_the_memory_and_nothing_else_changes()
    {
        using var model = GoldenModel.Load(GoldenModel.Hybrid);
        using var single = model.CreateCache(2, 9);
        model.StateDtype = ScalarType.BFloat16;
        using var half = model.CreateCache(2, 9);
        foreach (var (one, other) in single.Zip(half))
        {
            if (one is not Mamba2State state)
            {
                Assert.Equal(one.Bytes, other.Bytes);
                continue;
            }
            var rounded = (Mamba2State)other;
            Assert.Equal((ScalarType.Float32, ScalarType.BFloat16), (state.Ssm.dtype, rounded.Ssm.dtype));
            Assert.Equal(state.Conv.dtype, rounded.Conv.dtype);
            Assert.Equal(state.Bytes - state.Ssm.numel() * 2, rounded.Bytes);
        }
    }

    /// <summary>One layer's recurrence written out, a head and a token at a time: S = decay S + dt v k^T from the state as it is held, y = S q, and then S is rounded.</summary>
    [Fact]
    public void A_step_reads_what_is_held_answers_from_float32_and_rounds_behind()
    {
        using var guard = no_grad();
        random.manual_seed(3);
        const int Heads = 4, Groups = 2, Width = 8, Hidden = 24, Steps = 12;
        var plan = new Mamba2Plan(Heads, Groups, Width, Conv: 0, Chunk: 8, Gate: false, GateNorm: false, Decay: true, Skip: false, QkNorm: false, 1e-5);
        var tensors = new Dictionary<string, Parameter>();
        foreach (var (name, shape) in new (string, long[])[]
        {
            ("v_proj.weight", [Groups * Width, Hidden]), ("k_proj.weight", [Groups * Width, Hidden]), ("q_proj.weight", [Heads * Width, Hidden]), ("in_proj.weight", [Heads, Hidden]),
            ("dt_bias", [Heads]), ("A_log_bias", [Heads]),
        })
            tensors.Add("layers.0.attention." + name, new(randn(shape) * 0.4, false));
        Tensor Of(string name) => tensors["layers.0.attention." + name];
        var mixer = new Mamba2Mixer(plan, new(tensors.Select(one => new TensorPlan(one.Key, one.Value.shape.ToPlanList(), TensorGroup.Query, 0, new Drawn(Draw.Constant, 0, 0))), 0, tensors, "mixer"));
        using var state = new Mamba2State(1, (Heads + 2 * Groups) * Width, 0, Heads, Width, CPU, ScalarType.Float32, ScalarType.BFloat16);

        var held = zeros(Heads, Width, Width);
        for (var t = 0; t < Steps; t++)
        {
            var u = randn(1, 1, Hidden);
            var actual = mixer.Mix(u, state: state)[0, 0];
            Tensor Projected(string name) => nn.functional.silu(Of(name).mv(u[0, 0]));
            var (v, k, q) = (Projected("v_proj.weight").view(Groups, Width), Projected("k_proj.weight").view(Groups, Width), Projected("q_proj.weight").view(Heads, Width));
            var dt = nn.functional.softplus(Of("in_proj.weight").mv(u[0, 0]) + Of("dt_bias"));
            var y = zeros(Heads, Width);
            for (var head = 0; head < Heads; head++)
            {
                var group = head / (Heads / Groups);
                var next = held[head] * (-dt[head] * Of("A_log_bias")[head].exp()).exp() + (dt[head] * v[group]).outer(k[group]);
                y[head].copy_(next.mv(q[head]));
                held[head].copy_(Rounded(next));
            }
            Golden.Close(y.flatten(), actual, 2e-6, $"y of token {t}");
            // A last bit of float32 may round to the next bfloat16.
            Golden.Close(held, state.Ssm[0].to(ScalarType.Float32), 4e-3, $"state after token {t}");
        }
    }

    /// <summary>Prompts in passes and single tokens: bit for bit a float32 cache whose states somebody rounds after every pass.</summary>
    [Theory]
    [InlineData("GoldenLinear", 1)]
    [InlineData("GoldenHybrid", 2)]
    public void They_are_float32_states_that_are_rounded_after_every_pass(string name, int batch)
    {
        using var guard = no_grad();
        using var model = GoldenModel.Load(GoldenModel.Named(name));
        using var byHand = model.CreateCache(batch, 40);
        model.StateDtype = ScalarType.BFloat16;
        using var held = model.CreateCache(batch, 40);
        var ids = Ids(batch, 40);
        var at = 0;
        foreach (var length in (int[])[11, 9, 2, .. Enumerable.Repeat(1, 18)])
        {
            var input = new ModelInput(ids.narrow(1, at, length));
            Assert.True(Same(model.Forward(input, byHand), model.Forward(input, held)), $"logits from token {at} on");
            foreach (var (one, other) in byHand.OfType<Mamba2State>().Zip(held.OfType<Mamba2State>()))
            {
                one.Ssm.copy_(Rounded(one.Ssm));
                Assert.True(Same(one.Ssm, other.Ssm.to(ScalarType.Float32)), $"states after token {at}");
                Assert.True(Same(one.Conv, other.Conv));
            }
            at += length;
        }
    }

    [Fact]
    public void The_error_adds_up_over_tokens_and_stays_small()
    {
        using var guard = no_grad();
        const int Length = 300;
        using var model = GoldenModel.Load(GoldenModel.Linear);
        using var single = model.CreateCache(1, Length);
        model.StateDtype = ScalarType.BFloat16;
        using var half = model.CreateCache(1, Length);
        var ids = Ids(1, Length);
        var (states, logits) = (new double[Length], new double[Length]);
        for (var t = 0; t < Length; t++)
        {
            var input = new ModelInput(ids.narrow(1, t, 1));
            logits[t] = Apart(model.Forward(input, single), model.Forward(input, half));
            states[t] = single.Zip(half).Average(pair => Apart(((Mamba2State)pair.First).Ssm, ((Mamba2State)pair.Second).Ssm.to(ScalarType.Float32)));
        }
        // The first token's logits are from states that were not rounded yet.
        Assert.Equal(0, logits[0]);
        Assert.InRange(states[0], 1e-4, 4e-3);
        Assert.True(states[^50..].Average() > 1.3 * states[0], $"{states[0]:0.0e+0} to {states[^50..].Average():0.0e+0}");
        Assert.InRange(states.Max(), 0, 3e-2);
        Assert.InRange(logits.Max(), 1e-6, 3e-2);

        static double Apart(Tensor expected, Tensor actual) => ((actual - expected).norm() / expected.norm()).item<float>();
    }

    [Fact]
    public void A_sequence_that_rests_keeps_its_state_to_the_bit()
    {
        using var model = GoldenModel.Load(GoldenModel.Hybrid);
        model.StateDtype = ScalarType.BFloat16;
        using var sequences = new Sequences(model, 2, 20);
        sequences.Read([new([1, 2, 3, 4]), new([5, 6, 7])]).Dispose();
        var before = sequences.Cache.OfType<Mamba2State>().Select(state => state.Ssm.clone()).ToArray();
        sequences.Read([new([8, 9]), new([])]).Dispose();
        sequences.Read([new([10]), new([])]).Dispose();
        foreach (var (old, state) in before.Zip(sequences.Cache.OfType<Mamba2State>()))
        {
            Assert.True(Same(old[1], state.Ssm[1]));
            Assert.False(Same(old[0], state.Ssm[0]));
        }
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(1, true)]
    [InlineData(3, true)]
    public void Single_tokens_take_plain_operations_and_say_why(int batch, bool hasGpu)
    {
        using var guard = no_grad();
        using var running = hasGpu ? KernelDevice.StandIn(EmulatedDevice.Here()) : null;
        using var model = GoldenModel.Load(GoldenModel.Hybrid);
        model.StateDtype = ScalarType.BFloat16;
        using var sequences = new Sequences(model, batch, 12);
        using var cache = model.CreateCache(batch, 12);
        Prompt[] Each(params int[] ids) => [.. Enumerable.Repeat(new Prompt(ids), batch)];
        ModelInput Input(params long[] ids) => new(tensor(ids).unsqueeze(0).expand(batch, -1));
        sequences.Read(Each(1, 2, 3));
        model.Forward(Input(1, 2, 3), cache);
        for (var id = 4; id < 9; id++) Golden.Close(model.Forward(Input(id), cache).select(1, -1), sequences.Read(Each(id)), 1e-5, $"token {id}");
        Assert.Equal("plain operations: the states are bfloat16", sequences.DecodePath);
        Assert.Null(sequences.Picked);
    }

    /// <summary>A model without Mamba-2 layers has no states, so that nothing stands in the way.</summary>
    [Fact]
    public void A_model_without_states_is_as_fast_as_ever()
    {
        using var model = GoldenModel.Load(GoldenModel.Hovle);
        model.StateDtype = ScalarType.BFloat16;
        using var sequences = new Sequences(model, 1, 8);
        sequences.Read([new([1, 2])]).Dispose();
        sequences.Read([new([3])]).Dispose();
        Assert.Equal("vector code on the CPU", sequences.DecodePath);
    }
}
