using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Tests.Kernels.Emulation;
using TorchSharp;
using Parameter = TorchSharp.Modules.Parameter;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Distillation;

/// <param name="device">Where the tensors lie.</param>
/// <param name="emulated">Seed of an emulator that runs kernels of our own over them; null where the device does, if it can.</param>
public abstract class GradientClipTests(Device device, ulong? emulated = null)
{
    IDisposable? Running() => emulated is { } seed ? KernelDevice.StandIn(EmulatedDevice.Here(seed)) : null;

    static IEnumerable<float> Read(Tensor tensor) => tensor.cpu().data<float>().ToArray();

    [Fact]
    public void Clipping_bounds_the_common_norm_and_returns_the_one_before()
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        var (a, b, idle) = (new Parameter(zeros(1, device: device)), new Parameter(zeros(2, device: device)), new Parameter(zeros(2, device: device)));
        void Give() => (a.grad, b.grad) = (tensor(new[] { 3f }, device: device), tensor(new[] { 0f, 4f }, device: device));

        Give();
        Assert.Equal(5.0, GradientClip.Apply([a, b, idle], 1.0), 6);
        Assert.Equal([0.6f, 0f, 0.8f], Read(a.grad!).Concat(Read(b.grad!)), (x, y) => Math.Abs(x - y) < 1e-5);
        Assert.Null(idle.grad);

        Give();
        Assert.Equal(5.0, GradientClip.Apply([a, b], 6.0), 6);
        Assert.Equal([3f, 0f, 4f], Read(a.grad!).Concat(Read(b.grad!)));
        Assert.Equal(0.0, GradientClip.Apply([idle], 1.0));
    }

    [Fact]
    public void The_norm_is_that_of_all_numbers_together()
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        random.manual_seed(2);
        Parameter[] parameters = [.. Enumerable.Range(0, 37).Select(i => new Parameter(zeros([1 + i * i, 3], device: device)))];
        foreach (var parameter in parameters) parameter.grad = randn(parameter.shape).to(device);
        // Some gradients lie within others' memory, at odd places.
        var all = randn(40).to(device);
        (parameters[0].grad, parameters[1].grad) = (all.narrow(0, 1, 3).view(1, 3), all.narrow(0, 7, 6).view(2, 3));
        var expected = cat([.. parameters.Select(parameter => parameter.grad!.flatten())]).norm().item<float>();
        Assert.Equal(1, GradientClip.Apply(parameters, 2) / expected, 5);
        Assert.Equal(2, cat([.. parameters.Select(parameter => parameter.grad!.flatten())]).norm().item<float>(), 4);
        if (emulated is not null || device.type == DeviceType.CUDA) Assert.NotNull(GradientNorm.Of([.. parameters.Select(parameter => parameter.grad!)]));
    }

    [Fact]
    public void Gradients_of_another_type_take_plain_operations()
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        var half = new Parameter(zeros(2, dtype: ScalarType.BFloat16, device: device)) { grad = tensor(new[] { 3f, 4f }).to(ScalarType.BFloat16).to(device) };
        Assert.Null(GradientNorm.Of([half.grad!]));
        Assert.Equal(5.0, GradientClip.Apply([half], 6.0), 6);
    }
}

public sealed class GradientClipTestsOnCpu() : GradientClipTests(TestDevice.Cpu);

public sealed class GradientClipTestsEmulated() : GradientClipTests(TestDevice.Cpu, 1);

public sealed class GradientClipTestsOnCuda() : GradientClipTests(TestDevice.Cuda);
