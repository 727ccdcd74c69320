using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Tests.Kernels.Emulation;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Distillation;

/// <param name="device">Where the tensors lie.</param>
/// <param name="emulated">Seed of an emulator that runs kernels of our own over them; null where the device does, if it can.</param>
public abstract class MixerMseTests(Device device, ulong? emulated = null)
{
    IDisposable? Running() => emulated is { } seed ? KernelDevice.StandIn(EmulatedDevice.Here(seed)) : null;

    // Drawn on the CPU, whose generator is the one that is seeded.
    Tensor Random(params long[] shape) => randn(shape).to(device);

    ModelInput Padded(int batch, int width, params int[] lengths)
    {
        var mask = zeros(batch, width, dtype: ScalarType.Bool, device: device);
        for (var i = 0; i < batch; i++) mask[i, ..lengths[i]] = tensor(true, device: device);
        return new ModelInput(zeros(batch, width, dtype: ScalarType.Int64, device: device), AttentionMask: mask);
    }

    [Fact]
    public void Mse_shares_add_up_to_the_factor_times_the_mean_over_layers_and_leave_padding_out()
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        var input = Padded(2, 6, 6, 4);
        var predictions = Enumerable.Range(0, 3).Select(_ => Random(2, 6, 8)).ToArray();
        var targets = Enumerable.Range(0, 3).Select(_ => Random(2, 6, 8)).ToArray();
        var loss = new MixerMse(1000, 3);
        float Total(TokenMask mask) => predictions.Zip(targets, (prediction, target) => loss.Evaluate(prediction, target, mask).Loss.item<float>()).Sum();

        var everywhere = predictions.Zip(targets, (p, t) => (p - t).square().mean().item<float>()).Average() * 1000;
        Assert.Equal(everywhere, Total(TokenMask.Of(input, device, maskPadding: false)), 1e-3f * everywhere);

        var tokens = predictions.Zip(targets, (p, t) => cat([(p - t)[0], (p - t)[1, ..4]]).square().mean().item<float>()).Average() * 1000;
        Assert.Equal(tokens, Total(TokenMask.Of(input, device)), 1e-3f * tokens);
        Assert.True(Math.Abs(tokens - everywhere) > 1e-2 * everywhere);
    }

    [Theory]
    [InlineData(ScalarType.Float32, true)]
    [InlineData(ScalarType.Float32, false)]
    [InlineData(ScalarType.BFloat16, true)]
    [InlineData(ScalarType.BFloat16, false)]
    public void Mse_has_the_gradient_that_autograd_makes_of_it(ScalarType type, bool padding)
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        random.manual_seed(6);
        var mask = TokenMask.Of(Padded(2, 6, 6, 4), device, padding);
        var (leaf, target) = (Random(2, 6, 8).to(type).requires_grad_(true), Random(2, 6, 8).to(type));
        var error = leaf.to(ScalarType.Float32) - target.to(ScalarType.Float32);
        if (mask.Column is not null) error = error * mask.Column;
        var expected = error.square().sum() * (1000 / (3.0 * mask.Count * 8));
        expected.backward();

        var (loss, gradient) = new MixerMse(1000, 3).Evaluate(leaf, target, mask);
        Assert.Equal(1, loss.item<float>() / expected.item<float>(), 1e-6);
        Assert.Equal(type, gradient.dtype);
        Assert.False(gradient.requires_grad);
        Assert.True(leaf.grad!.equal(gradient).all().item<bool>());
    }

    // More columns than a block has threads, and fewer.
    [Theory]
    [InlineData(3, 2072, ScalarType.BFloat16)]
    [InlineData(3, 1036, ScalarType.Float32)]
    [InlineData(1030, 8, ScalarType.BFloat16)]
    public void Rows_of_any_number_and_width(int rows, int width, ScalarType type)
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        random.manual_seed(7);
        var (prediction, target, column) = (Random(rows, width).to(type), Random(rows, width).to(type), Random(rows, 1).gt(0).to(ScalarType.Float32));
        var error = (prediction.to(ScalarType.Float32) - target.to(ScalarType.Float32)) * column;
        var found = SquaredError.Of(prediction, target, column, 0.3);
        if (emulated is null && device.type != DeviceType.CUDA)
        {
            Assert.Null(found);
            return;
        }
        var (loss, gradient) = found!.Value;
        Assert.Equal(1, loss.item<float>() / (0.3f * error.square().sum().item<float>()), 1e-5);
        Assert.True(gradient.equal((error * 0.6f).to(type)).all().item<bool>());
        Assert.Null(SquaredError.Of(prediction.T, target.T, null, 1));
        Assert.Null(SquaredError.Of(prediction, target.to(ScalarType.Float64), null, 1));
    }
}

public sealed class MixerMseTestsOnCpu() : MixerMseTests(TestDevice.Cpu);

public sealed class MixerMseTestsEmulated() : MixerMseTests(TestDevice.Cpu, 1);

public sealed class MixerMseTestsOnCuda() : MixerMseTests(TestDevice.Cuda);
