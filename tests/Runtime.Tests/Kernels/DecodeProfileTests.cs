using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Tests.Engine;
using MmMamba.Runtime.Tests.Kernels.Emulation;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>The kernels of a step are timed one by one, each over every layer.</summary>
/// <param name="device">Where the tensors lie.</param>
/// <param name="emulated">Whether the emulator runs the kernels.</param>
public abstract class DecodeProfileTests(Device device, bool emulated)
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Every_kernel_is_there_with_what_it_reads(int sequences)
    {
        using var running = emulated ? KernelDevice.StandIn(EmulatedDevice.Here()) : null;
        using var model = GoldenModel.Load(GoldenModel.Hybrid, ScalarType.BFloat16, device);
        var kernels = DecodeProfile.Measure(model, sequences, 5, rounds: 1, repeats: 1)!.ToDictionary(kernel => kernel.Name);
        var batch = sequences > 1 ? "batch_" : "";
        // Two attention layers, and four of Mamba-2; of 64 channels, in heads of 16.
        (string, int, long)[] expected =
        [
            ("embed", 1, 0), (batch + "project", 6, (2 * 128 + 4 * 196L) * 64 * 2 / 6), ("attend", 2, sequences * 5 * 2 * 32 * 2), ("combine", 2, 0), (batch + "attention_output", 2, 64 * 64 * 2),
            ("ssm_step", 4, sequences * 2 * 4 * 16 * 16 * 4), (batch + "ssm_output", 4, 64 * 64 * 2), (batch + "swiglu", 6, 2 * 128 * 64 * 2), (batch + "mlp_output", 6, 128 * 64 * 2),
            (batch + "logits", 1, 97 * 64 * 2),
        ];
        if (sequences > 1) expected = [.. expected, ("join", 13, 0)];
        Assert.Equal(expected.Select(kernel => kernel.Item1).Append("all").Order(), kernels.Keys.Order());
        Assert.All(expected, kernel => Assert.Equal((kernel.Item2, kernel.Item3), (kernels[kernel.Item1].Times, kernels[kernel.Item1].Bytes)));
        // A mean of the launches is rounded down.
        Assert.InRange(kernels["all"].Bytes - expected.Sum(kernel => kernel.Item2 * kernel.Item3), 0, 5);
    }

    [Fact]
    public void What_is_not_captured_is_not_timed()
    {
        using var model = GoldenModel.Load(GoldenModel.Hybrid);
        Assert.Null(DecodeProfile.Measure(model, 1, 5));
    }
}

public sealed class DecodeProfileTestsOnCuda() : DecodeProfileTests(TestDevice.Cuda, emulated: false);

public sealed class DecodeProfileTestsEmulated() : DecodeProfileTests(TestDevice.Cpu, emulated: true);
