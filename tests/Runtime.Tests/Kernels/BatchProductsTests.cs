using System.Globalization;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Tests.Kernels.Emulation;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>Products of several vectors with wide matrices: shapes that the small models don't have.</summary>
/// <param name="device">Where the tensors lie.</param>
/// <param name="emulated">Whether the emulator runs the kernels.</param>
public abstract class BatchProductsTests(Device device, bool emulated) : IDisposable
{
    // Of more columns than a block has of an output matrix, and no multiple of what a warp loads.
    const int Wide = 2600, Narrow = 40, Vocab = 75;

    readonly Device _device = device;
    readonly IDisposable? _running = emulated ? KernelDevice.StandIn(EmulatedDevice.Here(seed: 3)) : null;
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _running?.Dispose();
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    (IKernelModule Module, IKernelDevice Device) Load(BatchShape shape, int hidden, int inner)
    {
        var kernels = KernelDevice.Of(_device, out var reason);
        Assert.True(kernels is not null, reason);
        var constants = new Dictionary<string, string>
        {
            ["WEIGHT_BF16"] = shape.ElementBytes == 2 ? "1" : "0", ["HIDDEN"] = Text(hidden), ["INNER"] = Text(inner), ["HEADS"] = "2", ["KV_HEADS"] = "1", ["HEAD_DIM"] = "16",
            ["ROPE_THETA"] = "1.0", ["MAX_POSITIONS"] = "1", ["DYNAMIC_FACTOR"] = "0.0",
            ["TILES"] = Text(shape.Tiles), ["MIXER_SPLITS"] = "1", ["MLP_SPLITS"] = Text(shape.Splits(inner)),
        };
        return (kernels.Load("products", KernelSource.DecodeBatch, constants), kernels);
    }

    Tensor Drawn(ScalarType type, params long[] shape) => (randn(shape, device: _device) / Math.Sqrt(shape[^1])).to(type);

    // What nobody writes is no number.
    Tensor Empty(ScalarType type, params long[] shape) => full(shape, double.NaN, type, _device);

    static BatchShape Shape(ScalarType type, int sequences, int tiles) => new(sequences, tiles, type == ScalarType.BFloat16 ? 2 : 4);

    static void Close(Tensor expected, Tensor actual, double tolerance)
    {
        var distance = ((actual.to(ScalarType.Float64) - expected).norm() / expected.norm()).item<double>();
        Assert.True(distance < tolerance, FormattableString.Invariant($"{distance} away"));
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, 9, 2, 2)]
    [InlineData(ScalarType.BFloat16, 20, 3, 3)]
    [InlineData(ScalarType.BFloat16, 37, 2, 2)]
    [InlineData(ScalarType.Float32, 5, 1, 3)]
    public void Blocks_share_the_columns_of_an_output_matrix(ScalarType type, int sequences, int tiles, int splits)
    {
        var shape = Shape(type, sequences, tiles);
        Assert.Equal(splits, shape.Splits(Wide));
        var (module, kernels) = Load(shape, Narrow, Wide);
        var (weight, inner, parts) = (Drawn(type, Narrow, Wide), Drawn(type, sequences, Wide), Empty(ScalarType.Float32, splits, sequences, Narrow));
        module.Launch(
            0, "batch_mlp_output", shape.Grid(Narrow, Wide, splits, kernels.Multiprocessors), 256, shape.SharedBytes(Wide, splits), weight, inner, sequences, parts);
        Close(inner.to(ScalarType.Float64).matmul(weight.to(ScalarType.Float64).t()), parts.sum(dim: 0), 1e-5);
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, 3, 1)]
    [InlineData(ScalarType.BFloat16, 30, 4)]
    [InlineData(ScalarType.Float32, 9, 2)]
    public void Gate_and_up_go_side_by_side(ScalarType type, int sequences, int tiles)
    {
        var shape = Shape(type, sequences, tiles);
        var (module, kernels) = Load(shape, Wide, Narrow);
        var (gate, up, normed, inner) = (Drawn(type, Narrow, Wide), Drawn(type, Narrow, Wide), Drawn(type, sequences, Wide) * 20, Empty(type, sequences, Narrow));
        module.Launch(0, "batch_swiglu", shape.Grid(Narrow, Wide, 1, kernels.Multiprocessors, two: true), 256, shape.SharedBytes(Wide, 1, two: true), gate, up, normed, sequences, inner);
        var (x, g, u) = (normed.to(ScalarType.Float64), gate.to(ScalarType.Float64), up.to(ScalarType.Float64));
        Close(nn.functional.silu(x.matmul(g.t())) * x.matmul(u.t()), inner, type == ScalarType.BFloat16 ? 3e-3 : 1e-5);
    }

    [Theory]
    [InlineData(ScalarType.BFloat16, 8, 1)]
    [InlineData(ScalarType.BFloat16, 26, 2)]
    [InlineData(ScalarType.Float32, 9, 2)]
    public void Each_sequence_has_its_most_likely_id(ScalarType type, int sequences, int tiles)
    {
        var shape = Shape(type, sequences, tiles);
        var (module, kernels) = Load(shape, Wide, Narrow);
        var (head, normed, logits) = (Drawn(type, Vocab, Wide), Drawn(type, sequences, Wide), Empty(ScalarType.Float32, sequences, Vocab));
        // Of equal logits the first.
        using (no_grad()) head[70].copy_(head[3]);
        var picked = zeros([sequences], ScalarType.Int64, _device);
        module.Launch(
            0, "batch_logits", shape.Grid(Vocab, Wide, 1, kernels.Multiprocessors), 256, shape.SharedBytes(Wide, 1), head, Vocab, normed, sequences, logits, picked);
        Close(normed.to(ScalarType.Float64).matmul(head.to(ScalarType.Float64).t()), logits, 1e-5);
        var ids = picked.cpu().data<long>().Select(rank => (long)(uint.MaxValue - (uint)rank)).ToArray();
        Assert.Equal(logits.argmax(-1).cpu().data<long>().ToArray(), ids);
        Assert.All(Enumerable.Range(0, sequences), row => Assert.Equal(logits[row, 3].item<float>(), logits[row, 70].item<float>()));
    }

    [Theory]
    [InlineData(2, 1, 1, 4)]
    [InlineData(8, 1, 1, 4)]
    [InlineData(32, 4, 1, 8)]
    [InlineData(33, 3, 2, 8)]
    [InlineData(64, 4, 2, 8)]
    public void The_published_sizes_fit(int sequences, int tiles, int groups, int splits)
    {
        const int shared = 227 * 1024;
        var shape = BatchShape.Of(CostModel.CostModels.Plan("MmMambaLinear"), ScalarType.BFloat16, sequences, shared)!;
        Assert.Equal((tiles, groups, splits), (shape.Tiles, shape.Groups, shape.Splits(8192)));
        // Every multiprocessor has a block, and no block waits for another's end.
        foreach (var (rows, columns, cut, two) in new[] { (2048, 8192, splits, false), (8192, 2048, 1, true), (6160, 2048, 1, false) })
        {
            var (x, y) = shape.Grid(rows, columns, cut, 132, two);
            Assert.InRange(x * y, 120, 264);
            Assert.InRange((x * y + 131) / 132 * (shape.SharedBytes(columns, cut, two) + 1024), 1, 228 * 1024);
        }
    }
}

public sealed class BatchProductsTestsOnCuda() : BatchProductsTests(TestDevice.Cuda, emulated: false);

public sealed class BatchProductsTestsEmulated() : BatchProductsTests(TestDevice.Cpu, emulated: true);
