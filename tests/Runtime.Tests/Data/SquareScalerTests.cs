using MmMamba.Runtime.Data;

namespace MmMamba.Runtime.Tests.Data;

public class SquareScalerTests
{
    [Theory]
    [InlineData(32, 128)]
    [InlineData(64, 32)]
    [InlineData(32, 42)]
    [InlineData(500, 64)]
    [InlineData(1, 7)]
    [InlineData(7, 1)]
    [InlineData(9, 1500)]
    public void A_flat_picture_stays_flat(int from, int to)
    {
        var source = new byte[from * from * 3];
        for (var i = 0; i < source.Length; i++) source[i] = (byte)(i % 3 * 127 + 1);
        var target = new byte[to * to * 3];
        SquareScaler.Scale(source, from, target, to);
        for (var i = 0; i < target.Length; i++) Assert.Equal(i % 3 * 127 + 1, target[i]);
    }

    [Fact]
    public void The_same_size_is_a_copy()
    {
        var source = new byte[20 * 20 * 3];
        new Random(1).NextBytes(source);
        var target = new byte[source.Length];
        SquareScaler.Scale(source, 20, target, 20);
        Assert.Equal(source, target);
    }

    /// <summary>Against the definition, in floating point and two dimensions at once.</summary>
    [Theory]
    [InlineData(8, 20)]
    [InlineData(20, 8)]
    [InlineData(33, 10)]
    public void Each_pixel_is_the_triangle_weighted_mean(int from, int to)
    {
        var source = new byte[from * from * 3];
        new Random(2).NextBytes(source);
        var target = new byte[to * to * 3];
        SquareScaler.Scale(source, from, target, to);
        var (scale, support) = ((double)from / to, Math.Max(1.0, (double)from / to));
        double Weight(int output, int input) => Math.Max(0, 1 - Math.Abs(input + 0.5 - (output + 0.5) * scale) / support);
        for (var y = 0; y < to; y++)
            for (var x = 0; x < to; x++)
                for (var channel = 0; channel < 3; channel++)
                {
                    var (sum, weights) = (0.0, 0.0);
                    for (var v = 0; v < from; v++)
                        for (var u = 0; u < from; u++)
                        {
                            var weight = Weight(y, v) * Weight(x, u);
                            sum += weight * source[(v * from + u) * 3 + channel];
                            weights += weight;
                        }
                    Assert.InRange(target[(y * to + x) * 3 + channel], sum / weights - 1.1, sum / weights + 1.1);
                }
    }
}
