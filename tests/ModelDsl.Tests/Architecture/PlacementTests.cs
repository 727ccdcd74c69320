using CsCheck;
using MmMamba.ModelDsl.Architecture;

namespace MmMamba.ModelDsl.Tests.Architecture;

public class PlacementTests
{
    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "0")]
    [InlineData(2, "0 16")]
    [InlineData(4, "0 8 16 24")]
    [InlineData(8, "0 4 8 12 16 20 24 28")]
    [InlineData(5, "0 6 12 19 25")]
    public void Interleaved_from_the_head_keeps_the_first_of_each_block(int count, string kept) =>
        Assert.Equal(kept, string.Join(' ', Placement.Interleaved(32, count, fromHead: true)));

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "31")]
    [InlineData(8, "3 7 11 15 19 23 27 31")]
    [InlineData(5, "5 11 18 24 31")]
    public void Interleaved_from_the_tail_keeps_the_last_of_each_block(int count, string kept) =>
        Assert.Equal(kept, string.Join(' ', Placement.Interleaved(32, count, fromHead: false)));

    [Fact]
    public void Stacked_keeps_one_end()
    {
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], Placement.Stacked(32, 8, fromHead: true));
        Assert.Equal([24, 25, 26, 27, 28, 29, 30, 31], Placement.Stacked(32, 8, fromHead: false));
    }

    [Theory]
    [InlineData(10, 4, true, "0 4 8")]
    [InlineData(10, 4, false, "3 7")]
    [InlineData(10, 1, false, "0 1 2 3 4 5 6 7 8 9")]
    [InlineData(3, 7, true, "0")]
    [InlineData(3, 7, false, "")]
    [InlineData(0, 2, true, "")]
    public void Every_counts_in_steps(int layers, int step, bool fromHead, string kept) =>
        Assert.Equal(kept, string.Join(' ', Placement.Every(layers, step, fromHead)));

    [Fact]
    public void At_is_put_in_order_once() => Assert.Equal([0, 4, 8, 9], Placement.At(12, [9, 0, 4, 9, 8]));

    [Fact]
    public void What_no_model_has_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Placement.Interleaved(4, 5, true));
        Assert.Throws<ArgumentOutOfRangeException>(() => Placement.Stacked(4, -1, true));
        Assert.Throws<ArgumentOutOfRangeException>(() => Placement.Every(4, 0, true));
        Assert.Throws<ArgumentOutOfRangeException>(() => Placement.At(4, [4]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Placement.All(-1));
    }

    static readonly Gen<(int Layers, int Count)> Sizes = Gen.Int[1, 2000].SelectMany(layers => Gen.Int[0, layers].Select(count => (layers, count)));

    [Fact]
    public void Every_form_keeps_as_many_as_asked_ascending_and_within_the_model() =>
        Sizes.Sample(size =>
        {
            var (layers, count) = size;
            foreach (var fromHead in new[] { true, false })
                foreach (var kept in new[] { Placement.Interleaved(layers, count, fromHead), Placement.Stacked(layers, count, fromHead) })
                {
                    Assert.Equal(count, kept.Count);
                    Assert.All(kept, index => Assert.InRange(index, 0, layers - 1));
                    Assert.Equal(kept.Distinct().Order(), kept);
                }
        });

    [Fact]
    public void Tail_is_head_seen_from_the_other_end() =>
        Sizes.Sample(size =>
        {
            var (layers, count) = size;
            Assert.Equal(
                Placement.Stacked(layers, count, fromHead: true).Select(index => layers - 1 - index).Reverse(),
                Placement.Stacked(layers, count, fromHead: false));
            // Blocks follow each other: the last of one lies just before the first of the next.
            if (count > 0)
                Assert.Equal(
                    Placement.Interleaved(layers, count, fromHead: true).Skip(1).Append(layers).Select(index => index - 1),
                    Placement.Interleaved(layers, count, fromHead: false));
        });

    [Fact]
    public void Every_divisor_is_an_interleaving() =>
        Gen.Int[1, 40].Select(Gen.Int[1, 40]).Sample((step, count) =>
        {
            foreach (var fromHead in new[] { true, false })
                Assert.Equal(Placement.Interleaved(step * count, count, fromHead), Placement.Every(step * count, step, fromHead));
        });

    [Fact]
    public void Sizes_near_the_limit_do_not_overflow()
    {
        Assert.Equal([0, int.MaxValue / 2], Placement.Interleaved(int.MaxValue, 2, fromHead: true));
        Assert.Equal([int.MaxValue - 1], Placement.Every(int.MaxValue, int.MaxValue, fromHead: false));
        Assert.Equal([0], Placement.Every(int.MaxValue, int.MaxValue, fromHead: true));
    }
}
