using CsCheck;
using MmMamba.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>The scan in chunks and the recurrence token by token are one function.</summary>
public abstract class ScanPropertyTests(Device device)
{
    // Drawn on the CPU, whose generator is the one that is seeded.
    Tensor Random(params long[] shape) => randn(shape).to(device);

    [Fact]
    public void Chunks_and_steps_agree() =>
        Gen.Select(Gen.Int[1, 3], Gen.Int[1, 40], Gen.Int[1, 3], Gen.Int[1, 3], Gen.Int[1, 9], Gen.Int[1, 9], Gen.Int[1, 17], Gen.Bool)
            .Sample((batch, length, groups, each, width, keys, chunk, begins) =>
            {
                using var scope = NewDisposeScope();
                using var guard = no_grad();
                random.manual_seed(batch * 7919 + length * 131 + chunk);
                var heads = groups * each;
                var (v, k, q) = (Random(batch, length, groups, width), Random(batch, length, groups, keys), Random(batch, length, heads, keys));
                var (dt, a) = (rand(batch, length, heads).to(device) * 3, -(rand(heads).to(device) * 4));
                var initial = begins ? Random(batch, heads, width, keys) : null;

                var (y, final) = SsdScan.Run(v, k, q, dt, a, chunk, initial, wantFinal: true);
                var state = initial?.clone() ?? zeros(batch, heads, width, keys, device: device);
                var steps = stack(Enumerable.Range(0, length).Select(t => SsdStep.Run(state, v[.., t], k[.., t], q[.., t], dt[.., t], a)), 1);

                Golden.Close(steps, y, 2e-5, "y");
                Golden.Close(state, final!, 2e-5, "final state");
                Golden.Close(steps, SsdScan.Run(v, k, q, dt, a, chunk, initial).Y, 2e-5, "y without a final state");
            }, iter: 40, threads: 1);

    [Fact]
    public void Strong_decay_over_a_long_chunk_stays_finite()
    {
        using var scope = NewDisposeScope();
        var (v, k, q) = (Random(1, 256, 1, 4), Random(1, 256, 1, 4), Random(1, 256, 2, 4));
        var dt = full(1, 256, 2, 20f, device: device).requires_grad_(true);
        var (y, final) = SsdScan.Run(v, k, q, dt, full(2, -16f, device: device), 128, wantFinal: true);
        (y.sum() + final!.sum()).backward();
        Assert.True(y.isfinite().all().item<bool>());
        Assert.True(dt.grad!.isfinite().all().item<bool>());
    }

    [Fact]
    public void A_convolution_in_pieces_is_the_whole_one()
    {
        using var scope = NewDisposeScope();
        var (x, weight, bias) = (Random(2, 11, 6), Random(6, 1, 4), Random(6));
        var (whole, extended) = CausalConvolution.Run(x, weight, bias, null);
        var padded = nn.functional.pad(x.transpose(1, 2), [3, 0]);
        Golden.Close(nn.functional.silu(nn.functional.conv1d(padded, weight, bias, groups: 6)).transpose(1, 2), whole, 1e-5, "against conv1d");
        var (_, first) = CausalConvolution.Run(x[.., ..5], weight, bias, null);
        var (second, _) = CausalConvolution.Run(x[.., 5..], weight, bias, first.narrow(1, 5, 3));
        Golden.Close(whole[.., 5..], second, 1e-6, "the second piece");
        Assert.Equal([2L, 14, 6], extended.shape);
    }
}

public sealed class ScanPropertyTestsOnCpu() : ScanPropertyTests(TestDevice.Cpu);

public sealed class ScanPropertyTestsOnCuda() : ScanPropertyTests(TestDevice.Cuda);
