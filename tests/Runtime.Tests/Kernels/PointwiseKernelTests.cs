using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>The kernels of a layer's pointwise work against plain operations in float32 on the same numbers.</summary>
/// <param name="device">Where the tensors lie.</param>
/// <param name="emulated">Seed of the emulator that runs the kernels; null where the device does.</param>
public abstract class PointwiseKernelTests(Device device, ulong? emulated) : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly IDisposable _guard = no_grad();
    readonly RecordedDevice _kernels = PointwiseLaunches.Record(device, emulated);

    public void Dispose()
    {
        _guard.Dispose();
        _scope.Dispose();
    }

    // Numbers that are the same on every device.
    Tensor Drawn(ScalarType type, double scale, params long[] shape) => (randn(shape) * scale).to(type).to(device);

    T Ran<T>(string kernels, Func<T> run)
    {
        using var running = KernelDevice.StandIn(_kernels);
        var result = run();
        Assert.Equal(kernels, _kernels.Told());
        return result;
    }

    // A number of this type is nowhere further from what was rounded to it.
    static double Rounding(ScalarType type) => type == ScalarType.BFloat16 ? 1.0 / 256 : 1e-6;

    static Tensor Single(Tensor x) => x.to(ScalarType.Float32);

    public static TheoryData<int, int, ScalarType> Rows => new()
    {
        { 1, 4, ScalarType.BFloat16 }, { 11, 64, ScalarType.BFloat16 }, { 8, 100, ScalarType.Float32 }, { 3, 2048, ScalarType.BFloat16 }, { 2, 2052, ScalarType.Float32 },
        { 3, 5120, ScalarType.BFloat16 },
    };

    [Theory, MemberData(nameof(Rows))]
    public void An_addition_and_a_norm(int rows, int hidden, ScalarType type)
    {
        random.manual_seed(hidden);
        var (x, added, weight) = (Drawn(ScalarType.Float32, 3, 1, rows, hidden), Drawn(type, 2, 1, rows, hidden), Drawn(type, 1, hidden));
        var kernel = new AddNorm(weight, 1e-3);
        var (given, sum) = (x.clone(), x + added);
        var exact = sum * (sum.square().mean([-1], keepdim: true) + 1e-3).rsqrt() * Single(weight);

        var (apart, normed) = Ran("1 add_norm", () => kernel.Run(x, added, over: false))!.Value;
        Assert.Equal(given, x);
        Golden.Close(sum, apart, 0, "the sum");
        Assert.Equal(type, normed.dtype);
        Golden.Close(exact, Single(normed), Rounding(type), "its norm");

        var (over, again) = Ran("1 add_norm", () => kernel.Run(x, added, over: true))!.Value;
        Assert.Same(x, over);
        Assert.Equal(apart, x);
        Assert.Equal(normed, again);

        var (same, alone) = Ran("1 add_norm", () => kernel.Run(x, null, over: true))!.Value;
        Assert.Same(x, same);
        Assert.Equal(normed, alone);
    }

    [Fact]
    public void What_a_norms_kernel_does_not_know_is_left_to_plain_operations()
    {
        var kernel = new AddNorm(Drawn(ScalarType.BFloat16, 1, 8), 1e-5);
        var x = Drawn(ScalarType.Float32, 1, 2, 3, 8);
        Assert.Null(Ran("", () => kernel.Run(x.to(ScalarType.BFloat16), null, false)));
        Assert.Null(Ran("", () => kernel.Run(x.transpose(0, 1), null, false)));
        Assert.Null(Ran("", () => kernel.Run(x.flatten()[1..17].view(2, 8), null, false)));
        Assert.Null(Ran("", () => kernel.Run(x, x, false)));
        Assert.Null(Ran("", () => new AddNorm(Drawn(ScalarType.BFloat16, 1, 6), 1e-5).Run(Drawn(ScalarType.Float32, 1, 2, 6), null, false)));
        Assert.Null(Ran("", () => new AddNorm(Drawn(ScalarType.Float16, 1, 8), 1e-5).Run(x, null, false)));
        using var recording = enable_grad();
        Assert.Null(Ran("", () => new AddNorm(Drawn(ScalarType.BFloat16, 1, 8).requires_grad_(true), 1e-5).Run(x, null, false)));
    }

    [Theory]
    [InlineData(1, ScalarType.BFloat16)]
    [InlineData(8, ScalarType.Float32)]
    [InlineData(13, ScalarType.BFloat16)]
    [InlineData(4099, ScalarType.BFloat16)]
    [InlineData(4098, ScalarType.Float32)]
    public void A_gate(int count, ScalarType type)
    {
        random.manual_seed(count);
        var (gate, up) = (Drawn(type, 4, count), Drawn(type, 4, count));
        if (count > 8) (gate[2], gate[5]) = (tensor(-150f).to(type), tensor(90f).to(type));
        var exact = nn.functional.silu(Single(gate)) * Single(up);
        Assert.Same(gate, Ran("1 swiglu", () => SwiGlu.Run(gate, up)));
        Golden.Close(exact, Single(gate), Rounding(type), "the gated");
        Assert.All(Ran("", () => new[] { SwiGlu.Run(gate.to(ScalarType.Float16), up.to(ScalarType.Float16)), SwiGlu.Run(Drawn(type, 1, 3, 8).t(), Drawn(type, 1, 3, 8).t()) }), y => Assert.True(y.isfinite().all().item<bool>()));
    }

    /// <summary>Heads, kv heads, their width, sequences, tokens, tokens before, the room of the cache (0: none), and whether the base grows and one sequence has pads.</summary>
    [Theory]
    [InlineData(4, 2, 16, 1, 5, 0, 0, false, ScalarType.BFloat16)]
    [InlineData(4, 2, 16, 2, 5, 3, 11, false, ScalarType.Float32)]
    [InlineData(16, 8, 128, 1, 3, 100_000, 0, false, ScalarType.BFloat16)]
    [InlineData(6, 2, 24, 2, 7, 1, 9, true, ScalarType.BFloat16)]
    [InlineData(3, 3, 6, 2, 2, 0, 2, true, ScalarType.BFloat16)]
    [InlineData(8, 1, 12, 3, 9, 4, 20, true, ScalarType.Float32)]
    public void Heads(int heads, int kvHeads, int width, int batch, int tokens, int past, int room, bool grows, ScalarType type)
    {
        random.manual_seed(width + tokens);
        var plan = new AttentionPlan(heads, kvHeads, width, 1e4, grows ? 4 : 1 << 20, grows ? 2.0 : null);
        var rotary = new RotaryEmbedding(width, plan.RopeTheta, plan.MaxPositions, plan.DynamicFactor);
        Tensor? mask = null, real = null;
        if (grows)
        {
            real = ones([batch, past + tokens], ScalarType.Bool);
            real[0, past + tokens - 1] = false;
            (real, mask) = (real.to(device), real.narrow(1, past, tokens).to(device));
        }
        using var window = new TokenWindow(tokens, device, past, mask: mask, real: real);
        var fused = Drawn(type, 1, batch, tokens, (heads + 2 * kvHeads) * width);
        using var cache = room > 0 ? new KvCache(batch, kvHeads, room, width, device, type) : null;
        var (oldKeys, oldValues) = (Drawn(type, 1, batch, kvHeads, past, width), Drawn(type, 1, batch, kvHeads, past, width));
        if (past > 0) cache?.Append(oldKeys, oldValues);

        var (q, k, v) = Ran("1 place_heads", () => new RotatedHeads(plan).Run(fused, window, rotary, cache))!.Value;

        var each = heads / kvHeads;
        var projected = fused.view(batch, tokens, kvHeads, each + 2, width);
        var turned = window.Angles(rotary, ScalarType.Float32).Rotate(Single(projected.narrow(3, 0, each + 1)));
        Golden.Close(turned.narrow(3, 0, each).flatten(2, 3).transpose(1, 2), Single(q), Rounding(type), "queries");
        Assert.True(q.transpose(1, 2).is_contiguous());
        if (cache is not null)
        {
            Assert.Equal(past + tokens, cache.Length);
            Assert.Equal([batch, kvHeads, past + tokens, width], k.shape);
            Assert.Equal(oldKeys, k.narrow(2, 0, past));
            Assert.Equal(oldValues, v.narrow(2, 0, past));
            Assert.Equal(0, cache.Buffers.Keys.narrow(2, past + tokens, room - past - tokens).count_nonzero().item<long>());
            (k, v) = (k.narrow(2, past, tokens), v.narrow(2, past, tokens));
        }
        Golden.Close(turned.select(3, each).transpose(1, 2), Single(k), Rounding(type), "keys");
        Assert.Equal(projected.select(3, each + 1).transpose(1, 2), v);
    }

    [Theory]
    [InlineData(2, 3, 5, 16, ScalarType.BFloat16)]
    [InlineData(1, 2, 3, 12, ScalarType.BFloat16)]
    [InlineData(1, 1, 300, 6, ScalarType.Float32)]
    public void Attention_in_parts(int batch, int heads, int tokens, int width, ScalarType type)
    {
        random.manual_seed(width);
        foreach (var tokensFirst in new[] { true, false })
        {
            Tensor Values() => tokensFirst ? Drawn(type, 1, batch, tokens, heads, width).transpose(1, 2) : Drawn(type, 1, batch, heads, tokens, width);
            // As kernels leave them: with more room than tokens, or tokens before heads.
            var near = (Y: Values(), Sums: Drawn(ScalarType.Float32, 2, batch, heads, tokens + 3).narrow(2, 0, tokens));
            var far = (Y: Values(), Sums: Drawn(ScalarType.Float32, 2, batch, tokens, heads).transpose(1, 2));
            far.Sums[0, 0, 0] = 100;
            near.Sums[0, 0, 1] = 100;
            var share = (far.Sums - near.Sums).sigmoid().unsqueeze(-1);
            var exact = Single(near.Y) * (1 - share) + Single(far.Y) * share;
            Assert.True(Ran("1 merge", () => MergedParts.Run(near, far)));
            Golden.Close(exact, Single(near.Y), Rounding(type), "both parts");
            if (heads > 1) Assert.False(Ran("", () => MergedParts.Run(near, (tokensFirst ? far.Y.contiguous() : far.Y.transpose(1, 2).contiguous().transpose(1, 2), far.Sums))));
        }
    }
}

public sealed class PointwiseKernelTestsOnCuda() : PointwiseKernelTests(TestDevice.Cuda, null);

public sealed class PointwiseKernelTestsEmulated() : PointwiseKernelTests(TestDevice.Cpu, emulated: 1);
