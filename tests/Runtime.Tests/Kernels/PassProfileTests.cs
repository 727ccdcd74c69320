using MmMamba.Runtime.Data;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Tests.Engine;
using MmMamba.Runtime.Tests.Kernels.Emulation;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>The pieces of a prompt's last pass are timed one by one.</summary>
/// <param name="device">Where the tensors lie.</param>
/// <param name="emulated">Whether the emulator runs the kernels.</param>
public abstract class PassProfileTests(Device device, bool emulated)
{
    [Fact]
    public void Every_piece_is_there_with_what_it_computes_or_moves()
    {
        using var running = emulated ? KernelDevice.StandIn(EmulatedDevice.Here()) : null;
        using var model = GoldenModel.Load(GoldenModel.Hybrid, ScalarType.BFloat16, device);
        var pieces = PassProfile.Measure(model, [new([.. Enumerable.Range(1, 24)])], chunk: 16, repeats: 1).ToDictionary(piece => piece.Name);
        // Eight tokens behind sixteen; 64 channels in heads of 16, of which 4 are queries' and 2 keys' in two layers of six. The last layer's end has one token.
        (string Name, int Times, long Flops)[] products =
        [
            ("attention.wqkv", 2, 2 * 8 * 64 * 128), ("attention", 2, 2 * (8 * 16 + 8 * 9 / 2) * 4 * 32), ("mamba2.projections", 4, 2 * 8 * 64 * 196), ("head", 1, 2 * 64 * 97),
            ("mlp.w1", 6, 2 * (5 * 8 + 1) * 64 * 128 / 6),
        ];
        Assert.All(products, product => Assert.Equal((product.Times, product.Flops), (pieces[product.Name].Times, pieces[product.Name].Flops)));
        // Stream in and out in float32, what is added and the norm in bfloat16, and the weight: the first norm has nothing to add, two have one token, and nobody asks for the last sum.
        Assert.Equal((13, (8 * 64 * 6 + 10 * 8 * 64 * 12 + 64 * 12 + 64 * 8 + 13 * 64 * 2) / 13), (pieces["add_norm"].Times, pieces["add_norm"].Bytes));
        Assert.True(pieces["all"].Microseconds > 0);
        Assert.All(pieces.Values, piece => Assert.True(piece.Microseconds >= 0));
        Assert.Contains(PassProfile.Other, pieces.Keys);
    }
}

public sealed class PassProfileTestsOnCuda() : PassProfileTests(TestDevice.Cuda, emulated: false);

public sealed class PassProfileTestsEmulated() : PassProfileTests(TestDevice.Cpu, emulated: true);
