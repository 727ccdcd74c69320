using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>The operations that TorchSharp lacks, against their definitions.</summary>
public abstract class AtenTests(Device device) : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    // Drawn on the CPU, whose generator is the one that is seeded.
    Tensor Random(params long[] shape) => randn(shape).to(device);

    [Fact]
    public void Rms_norm_with_its_gradient()
    {
        var x = Random(3, 5, 8).requires_grad_(true);
        var y = Aten.RmsNorm(x, 1e-5);
        y.square().mul(arange(8, device: device)).sum().backward();
        var gradient = x.grad!.clone();
        x.grad!.zero_();
        var expected = x * rsqrt(x.square().mean([-1], keepdim: true) + 1e-5);
        expected.square().mul(arange(8, device: device)).sum().backward();
        Golden.Close(expected, y, 1e-6, "y");
        Golden.Close(x.grad!, gradient, 1e-5, "gradient");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Attention_in_groups(bool causal)
    {
        var (q, k, v) = (Random(2, 6, 5, 8), Random(2, 2, 5, 8), Random(2, 2, 5, 8));
        var mask = causal ? null : rand(2, 1, 5, 5).to(device).gt(0.5).logical_or(eye(5, dtype: ScalarType.Bool, device: device));
        var visible = mask ?? ones(5, 5, ScalarType.Bool, device).tril();
        var scores = matmul(q, k.repeat_interleave(3, 1).transpose(2, 3)) / Math.Sqrt(8);
        var expected = matmul(scores.masked_fill(visible.logical_not(), double.NegativeInfinity).softmax(-1), v.repeat_interleave(3, 1));
        Golden.Close(expected, Aten.Attention(q, k, v, mask, causal), 1e-5, "attention");
    }

    [Fact]
    public void AdamW_decays_apart_from_the_gradient()
    {
        Tensor[] parameters = [Random(4, 3), Random(5)], gradients = [Random(4, 3), Random(5)];
        Tensor[] first = [.. parameters.Select(p => zeros_like(p))], second = [.. parameters.Select(p => zeros_like(p))];
        Tensor[] expected = [.. parameters.Select(p => p.clone())];
        for (var step = 1; step <= 3; step++)
        {
            Tensor[] steps = [.. parameters.Select(_ => tensor((float)step, device: device))];
            Aten.FusedAdamW(parameters, gradients, first, second, steps, 0.01, 0.9, 0.999, 0.05, 1e-8);
        }
        for (var i = 0; i < 2; i++)
        {
            // With the same gradient each time both corrected moments are the gradient's own: every step is -lr sign(g), nearly.
            for (var step = 1; step <= 3; step++)
                expected[i] = expected[i] * (1 - 0.01 * 0.05) - 0.01 * gradients[i] / (gradients[i].abs() + 1e-8);
            Golden.Close(expected[i], parameters[i], 1e-5, $"parameter {i}");
        }
    }

    [Fact]
    public void A_refused_call_is_an_exception() =>
        Assert.Throws<InvalidOperationException>(() => Aten.Attention(Random(1, 2, 3, 4), Random(1, 2, 3, 5), Random(1, 2, 3, 4), null, false));
}

public sealed class AtenTestsOnCpu() : AtenTests(TestDevice.Cpu);

public sealed class AtenTestsOnCuda() : AtenTests(TestDevice.Cuda);
