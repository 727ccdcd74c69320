using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Distillation;

public abstract class LossTests(Device device)
{
    // Drawn on the CPU, whose generator is the one that is seeded.
    Tensor Random(params long[] shape) => randn(shape).to(device);

    ModelInput Padded(int batch, int width, params int[] lengths)
    {
        var mask = zeros(batch, width, dtype: ScalarType.Bool, device: device);
        for (var i = 0; i < batch; i++) mask[i, ..lengths[i]] = tensor(true, device: device);
        return new ModelInput(zeros(batch, width, dtype: ScalarType.Int64, device: device), AttentionMask: mask);
    }

    static float Relative(Tensor actual, Tensor expected) =>
        ((actual - expected).abs().max() / expected.abs().max().clamp_min(1e-20f)).item<float>();

    // What autograd makes of the definition with whole logits.
    static (Tensor Loss, Tensor Gradient) Reference(Tensor student, Tensor head, Tensor teacher, Tensor teacherHead, Tensor mask, double temperature, double divisor)
    {
        var leaf = student.detach().requires_grad_(true);
        var q = nn.functional.log_softmax(nn.functional.linear(leaf, head) / temperature, -1);
        var p = nn.functional.log_softmax(nn.functional.linear(teacher, teacherHead) / temperature, -1);
        var loss = (p.exp() * (p - q) * mask.unsqueeze(-1)).sum() * (temperature * temperature / divisor);
        loss.backward();
        return (loss.detach(), leaf.grad!);
    }

    [Theory]
    [InlineData(1.0, false, true)]
    [InlineData(1.0, true, true)]
    [InlineData(2.0, false, true)]
    [InlineData(1.0, false, false)]
    public void Kl_and_its_gradient_are_those_of_autograd_on_whole_logits(double temperature, bool perToken, bool padding)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        // 100,000 words make slices of ten positions: several of them, the last one short.
        var (student, teacher) = (Random(2, 17, 8), Random(2, 17, 8));
        var (head, teacherHead) = (Random(100_000, 8), Random(100_000, 8));
        var input = padding ? Padded(2, 17, 17, 6) : new ModelInput(zeros(2, 17, dtype: ScalarType.Int64, device: device));
        var mask = padding ? input.AttentionMask!.to_type(ScalarType.Float32) : ones(2, 17, device: device);

        var (loss, gradient) = new LogitsKl(temperature, perToken).Evaluate(student, head, teacher, teacherHead, TokenMask.Of(input, device));

        var (expected, expectedGradient) = Reference(student, head, teacher, teacherHead, mask, temperature, perToken ? mask.sum().item<float>() : 2);
        Assert.True(Relative(loss, expected) < 1e-5);
        Assert.True(Relative(gradient, expectedGradient) < 1e-5);
        Assert.Equal([2, 17, 8], gradient.shape);
    }

    [Theory]
    [InlineData(0.0, false)]
    [InlineData(0.0, true)]
    [InlineData(0.25, false)]
    [InlineData(0.25, true)]
    public void Prompts_weigh_in_the_kl_as_much_as_they_are_told(double promptWeight, bool perToken)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(4);
        var (student, teacher) = (Random(2, 17, 8), Random(2, 17, 8));
        var (head, teacherHead) = (Random(100_000, 8), Random(100_000, 8));
        var input = Padded(2, 17, 17, 6);
        // Answers at 3..4 and 9..12 of the first row and at 5 of the second; each token is predicted one position before.
        var batch = new Batch(input, [new(new int[17], [], 0, [new(0, "", 3, 2), new(1, "", 9, 4)]), new(new int[6], [], 0, [new(0, "", 5, 1)])]);
        var weights = input.AttentionMask!.to_type(ScalarType.Float32) * promptWeight;
        foreach (var (row, from, to) in new[] { (0, 2, 4), (0, 8, 12), (1, 4, 5) }) weights[row, from..to] = tensor(1f, device: device);

        var mask = TokenMask.Of(input, device).Weighing(AnswerPositions.Of(batch), promptWeight, 34, device);
        var (loss, gradient) = new LogitsKl(perToken: perToken).Evaluate(student, head, teacher, teacherHead, mask);

        var (expected, expectedGradient) = Reference(student, head, teacher, teacherHead, weights, 1, perToken ? weights.sum().item<float>() : 2);
        Assert.True(Relative(loss, expected) < 1e-5);
        Assert.True(Relative(gradient, expectedGradient) < 1e-5);
    }

    [Fact]
    public void Kl_of_a_model_to_itself_is_0_with_a_gradient_of_0()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(2);
        var (features, head) = (Random(2, 5, 8), Random(64, 8));
        var (loss, gradient) = new LogitsKl().Evaluate(features, head, features.clone(), head.clone(), TokenMask.Of(new ModelInput(zeros(2, 5, dtype: ScalarType.Int64, device: device)), device));
        Assert.Equal(0f, loss.item<float>());
        Assert.Equal(0f, gradient.abs().max().item<float>());
    }

    [Fact]
    public void A_mask_without_padding_costs_nothing()
    {
        using var scope = NewDisposeScope();
        var mask = TokenMask.Of(Padded(2, 3, 3, 3), device);
        Assert.Null(mask.Column);
        Assert.Equal(6, mask.Count);
        Assert.Equal(4, TokenMask.Of(Padded(2, 3, 3, 1), device).Count);
    }
}

public sealed class LossTestsOnCpu() : LossTests(TestDevice.Cpu)
{
    /// <summary>A million logits at a time: of 600 rows of 4,096 three slices of each model, none larger.</summary>
    [Fact]
    public void Whole_logits_never_exist()
    {
        using var scope = NewDisposeScope();
        var (student, teacher, head) = (randn(2, 300, 8), randn(2, 300, 8), randn(4096, 8));
        List<long> logits = [];
        var mask = TokenMask.Of(new ModelInput(zeros(2, 300, dtype: ScalarType.Int64)), CPU);
        using (Work.Listen((term, flops) => logits.Add(flops / (2 * 8)))) _ = new LogitsKl().Evaluate(student, head, teacher, head, mask);
        Assert.Equal(2 * 3, logits.Count);
        Assert.All(logits, count => Assert.InRange(count, 1, 1 << 20));
        Assert.Equal(2L * 600 * 4096, logits.Sum());
    }
}

public sealed class LossTestsOnCuda() : LossTests(TestDevice.Cuda);
