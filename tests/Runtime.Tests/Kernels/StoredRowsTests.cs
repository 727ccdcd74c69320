using MmMamba.Runtime.Kernels.Simd;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>Products over memory against libtorch's, at sizes that no vector divides.</summary>
public sealed unsafe class StoredRowsTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    public static TheoryData<ScalarType, int, int> Sizes
    {
        get
        {
            var sizes = new TheoryData<ScalarType, int, int>();
            foreach (var type in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16])
                foreach (var (rows, width) in ((int, int)[])[(1, 1), (3, 7), (4, 16), (5, 33), (9, 100), (64, 256)]) sizes.Add(type, rows, width);
            return sizes;
        }
    }

    [Theory, MemberData(nameof(Sizes))]
    public void Products_and_weighted_sums(ScalarType type, int rows, int width)
    {
        var matrix = randn([rows, width], ScalarType.Float32, generator: new Generator(1)).to(type);
        var (exact, x, weights) = (matrix.to(ScalarType.Float32), randn([width], generator: new Generator(2)), randn([rows], generator: new Generator(3)));
        var (y, sum, stored) = (zeros([rows]), ones([width]), StoredRows.Of(matrix));
        Assert.Equal((rows, width), (stored.Count, stored.Width));
        stored.Products(At(x), At(y));
        Golden.Close(exact.matmul(x), y, 1e-5, "products");
        stored.AddWeighted(At(weights), At(sum));
        Golden.Close(weights.matmul(exact) + 1, sum, 1e-5, "weighted sums");

        // A row's sum does not depend on its neighbours.
        var alone = zeros([rows]);
        for (var row = 0; row < rows; row++) stored.From(row, 1).Products(At(x), At(alone) + row);
        Assert.True(y.eq(alone).all().item<bool>());
    }

    [Fact]
    public void Bfloat16_is_rounded_as_libtorch_rounds()
    {
        var numbers = cat([
            randn([1000], generator: new Generator(4)), tensor((float[])[0, -0f, 1.00390625f, 1.01171875f, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, 1e-40f])]);
        var expected = numbers.to(ScalarType.BFloat16);
        var actual = zeros([1, numbers.numel()], ScalarType.BFloat16);
        StoredRows.Of(actual).Write(0, At(numbers));
        Assert.Equal(expected.bytes.ToArray(), actual.bytes.ToArray());
        var read = zeros_like(numbers);
        StoredRows.Of(actual).Read(0, At(read));
        Assert.Equal(expected.to(ScalarType.Float32).bytes.ToArray(), read.bytes.ToArray());

        StoredRows.Of(actual).Write(0, At(full_like(numbers, double.NaN)));
        Assert.True(actual.isnan().all().item<bool>());
    }

    static float* At(Tensor tensor) => StoredRows.Of(tensor).Singles;
}
