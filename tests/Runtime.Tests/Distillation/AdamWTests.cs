using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using TorchSharp;
using AdamW = MmMamba.Runtime.Distillation.AdamW;
using Parameter = TorchSharp.Modules.Parameter;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Distillation;

public abstract class AdamWTests(Device device)
{
    static readonly AdamWPlan Plan = new(0.9, 0.98, 1e-8, 0.1);

    // The formulas of Loshchilov and Hutter (2019), algorithm 2, in double precision.
    sealed class Oracle(double[] values, double decay)
    {
        readonly double[] _first = new double[values.Length], _second = new double[values.Length];
        int _steps;

        public double[] Values => values;

        public void Step(double[] gradient, double rate)
        {
            _steps++;
            for (var i = 0; i < values.Length; i++)
            {
                _first[i] = Plan.Beta1 * _first[i] + (1 - Plan.Beta1) * gradient[i];
                _second[i] = Plan.Beta2 * _second[i] + (1 - Plan.Beta2) * gradient[i] * gradient[i];
                var first = _first[i] / (1 - Math.Pow(Plan.Beta1, _steps));
                var second = _second[i] / (1 - Math.Pow(Plan.Beta2, _steps));
                values[i] -= rate * (first / (Math.Sqrt(second) + Plan.Eps) + decay * values[i]);
            }
        }
    }

    static double[] Numbers(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() * 2 - 1)];
    }

    static float[] Read(Tensor tensor) => [.. tensor.detach().cpu().flatten().data<float>()];

    Tensor Single(double[] values) => tensor(values, ScalarType.Float32, device);

    [Fact]
    public void Steps_follow_the_formulas_and_biases_are_not_decayed()
    {
        using var scope = NewDisposeScope();
        var (weight, bias) = (new Oracle(Numbers(1, 40), Plan.WeightDecay), new Oracle(Numbers(2, 40), 0));
        var parameters = new[] { new NamedParameter("conv1d.weight", new Parameter(Single(weight.Values))), new NamedParameter("A_log_bias", new Parameter(Single(bias.Values))) };
        using var optimizer = new AdamW(parameters, Plan);

        for (var step = 0; step < 5; step++)
        {
            var gradients = new[] { Numbers(10 + step, 40), Numbers(20 + step, 40) };
            for (var i = 0; i < 2; i++) parameters[i].Parameter.grad = Single(gradients[i]);
            var rate = 0.01 * (step + 1);
            optimizer.Step(rate);
            weight.Step(gradients[0], rate);
            bias.Step(gradients[1], rate);
        }

        Assert.Equal(weight.Values.Select(value => (float)value), Read(parameters[0].Parameter), (a, b) => Math.Abs(a - b) < 2e-6);
        Assert.Equal(bias.Values.Select(value => (float)value), Read(parameters[1].Parameter), (a, b) => Math.Abs(a - b) < 2e-6);
    }

    [Fact]
    public void A_tensor_without_a_gradient_is_left_alone_and_its_steps_are_not_counted()
    {
        using var scope = NewDisposeScope();
        var oracle = new Oracle(Numbers(3, 8), Plan.WeightDecay);
        var late = new NamedParameter("late.weight", new Parameter(Single(oracle.Values)));
        var other = new NamedParameter("other.weight", new Parameter(ones(3, device: device)));
        using var optimizer = new AdamW([late, other], Plan);

        other.Parameter.grad = ones(3, device: device);
        optimizer.Step(0.1);
        Assert.Equal(oracle.Values.Select(value => (float)value), Read(late.Parameter));

        var gradient = Numbers(4, 8);
        late.Parameter.grad = Single(gradient);
        optimizer.Step(0.1);
        oracle.Step(gradient, 0.1);
        Assert.Equal(oracle.Values.Select(value => (float)value), Read(late.Parameter), (a, b) => Math.Abs(a - b) < 2e-6);
    }

    [Fact]
    public void The_moments_outlive_the_scope_in_which_the_optimizer_was_made()
    {
        using var parameter = new Parameter(ones(4, device: device));
        AdamW optimizer;
        using (NewDisposeScope()) optimizer = new AdamW([new NamedParameter("weight", parameter)], Plan);
        using (optimizer)
        {
            for (var step = 0; step < 3; step++)
            {
                using var scope = NewDisposeScope();
                parameter.grad = ones(4, device: device);
                optimizer.Step(0.5);
                optimizer.ClearGradients();
            }
        }

        Assert.True(Read(parameter)[0] < 0);
        Assert.Null(parameter.grad);
    }
}

public sealed class AdamWTestsOnCpu() : AdamWTests(TestDevice.Cpu);

public sealed class AdamWTestsOnCuda() : AdamWTests(TestDevice.Cuda);
