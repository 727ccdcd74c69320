using MmMamba.Runtime.Generation;

namespace MmMamba.Runtime.Tests.Generation;

public class MedianTests
{
    [Theory]
    [InlineData(3, 3.0)]
    [InlineData(2, 9.0, 2.0, 1.0)]
    [InlineData(2.5, 9.0, 2.0, 1.0, 3.0)]
    public void It_is_the_middle_value_or_the_mean_of_two(double expected, params double[] values) => Assert.Equal(expected, Median.Of(values));
}
