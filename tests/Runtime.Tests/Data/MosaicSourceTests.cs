using MmMamba.Runtime.Data;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Tests.Data;

public class MosaicSourceTests
{
    static readonly IPictureSource Drawn = DrawnPictures.Splits(trainPerClass: 20, testPerClass: 4).Train;

    [Fact]
    public void A_conversation_is_decided_by_seed_and_index()
    {
        MosaicOptions options = new() { Augment = true, Coarse = 0.3 };
        var (first, again, other) = (new MosaicSource(Drawn, options, 7), new MosaicSource(Drawn, options, 7), new MosaicSource(Drawn, options, 8));
        var reversed = Enumerable.Range(0, 50).Reverse().ToDictionary(i => i, i => again.Get(i));
        var different = 0;
        for (var i = 0; i < 50; i++)
        {
            var conversation = first.Get(i);
            Assert.Equal(conversation.Turns, reversed[i].Turns);
            Assert.Equal(conversation.Images[0].Load().Pixels, reversed[i].Images[0].Load().Pixels);
            if (!conversation.Turns.SequenceEqual(other.Get(i).Turns)) different++;
        }
        Assert.True(different > 45);
    }

    [Fact]
    public void Threads_see_the_same_conversations()
    {
        var source = new MosaicSource(DrawnPictures.Splits(trainPerClass: 20, testPerClass: 4).Train, seed: 4);
        var parallel = new Conversation[200];
        Parallel.For(0, parallel.Length, i => parallel[i] = source.Get(i));
        var alone = new MosaicSource(Drawn, seed: 4);
        for (var i = 0; i < parallel.Length; i++)
        {
            Assert.Equal(alone.Get(i).Turns, parallel[i].Turns);
            Assert.Equal(alone.Get(i).Images[0].Load().Pixels, parallel[i].Images[0].Load().Pixels);
        }
    }

    [Fact]
    public void Tags_are_distinct_capital_letters_and_singles_have_none()
    {
        var source = new MosaicSource(new FlatPictures(5), new() { Canvas = 32 }, seed: 1);
        for (var i = 0; i < 500; i++)
        {
            var layout = source.Layout(i);
            var tags = layout.Cells.Select(cell => cell.Tag).ToArray();
            if (layout.Side == 1) Assert.Null(Assert.Single(tags));
            else
            {
                Assert.Equal(layout.Side * layout.Side, tags.Distinct().Count());
                Assert.All(tags, tag => Assert.InRange(tag!.Value, 'A', 'Z'));
            }
        }
    }

    [Fact]
    public void About_half_of_the_classes_occur_in_a_large_mosaic()
    {
        var source = new MosaicSource(Drawn, new() { Canvas = 32, Grids = [new(4, 1)] }, seed: 1);
        var kinds = Enumerable.Range(0, 300).Select(i => source.Layout(i).Cells.Select(cell => cell.Class).Distinct().Count()).ToArray();
        Assert.Equal(6, kinds.Max());
        Assert.InRange(kinds.Average(), 5, 6);
    }

    [Fact]
    public void Grids_come_by_weight()
    {
        var source = new MosaicSource(new FlatPictures(4), new() { Canvas = 32, Grids = [new(1, 1), new(3, 0), new(4, 3)] });
        var sides = Enumerable.Range(0, 2000).Select(i => source.Layout(i).Side).ToArray();
        Assert.InRange(sides.Count(side => side == 4) / 2000.0, 0.71, 0.79);
        Assert.DoesNotContain(3, sides);
    }

    [Fact]
    public void Coarse_mosaics_carry_one_class_and_one_tag_in_rows_columns_or_halves()
    {
        var source = new MosaicSource(new FlatPictures(8), new() { Canvas = 32, Coarse = 1, Grids = [new(4, 1)] }, seed: 3);
        var shapes = new HashSet<string>();
        for (var i = 0; i < 200; i++)
        {
            var cells = source.Layout(i).Cells;
            shapes.Add(string.Join(',', cells.Select(cell => cell.Block)));
            foreach (var block in cells.GroupBy(cell => cell.Block))
            {
                Assert.Single(block.Select(cell => cell.Class).Distinct());
                Assert.Single(block.Select(cell => cell.Tag).Distinct());
            }
            Assert.Equal(cells.Select(cell => cell.Block).Distinct().Count(), cells.Select(cell => cell.Tag).Distinct().Count());
        }
        Assert.Equal(4, shapes.Count);
        Assert.DoesNotContain(shapes, shape => shape.Split(',').Distinct().Count() is not (2 or 4));
    }

    [Fact]
    public void Each_cell_shows_its_picture_and_its_tag()
    {
        var source = new MosaicSource(new FlatPictures(6, side: 32), new() { Canvas = 128, Grids = [new(2, 1), new(3, 1), new(4, 1)] }, seed: 11);
        for (var i = 0; i < 60; i++)
        {
            var layout = source.Layout(i);
            var image = source.Get(i).Images[0].Load();
            Assert.Equal((128, 128), (image.Width, image.Height));
            var side = 128 / layout.Side;
            for (var cell = 0; cell < layout.Cells.Count; cell++)
            {
                var (left, top) = (cell % layout.Side * 128 / layout.Side, cell / layout.Side * 128 / layout.Side);
                var expected = layout.Cells[cell];
                Assert.Equal([(byte)expected.Class, (byte)expected.Picture, 10], Pixel(image, left + 2, top + side - 2));
                Assert.Equal([(byte)expected.Class, (byte)expected.Picture, 200], Pixel(image, left + side - 2, top + side - 2));
                var scale = Math.Max(1, side / 32);
                for (var y = 0; y < BitmapFont.Height; y++)
                    for (var x = 0; x < BitmapFont.Width; x++)
                        Assert.Equal(
                            BitmapFont.Pixel(expected.Tag!.Value, x, y) ? (byte)0 : (byte)255,
                            Pixel(image, left + (x + 1) * scale, top + (y + 1) * scale)[0]);
            }
        }
    }

    [Fact]
    public void Augmented_cells_are_mirrored_and_shifted_as_their_layout_says()
    {
        var source = new MosaicSource(new FlatPictures(4, side: 64), new() { Canvas = 64, Grids = [new(1, 1)], Augment = true }, seed: 2);
        var seen = new HashSet<(bool, int)>();
        for (var i = 0; i < 200; i++)
        {
            var cell = source.Layout(i).Cells[0];
            Assert.InRange(cell.ShiftX, -4, 4);
            Assert.InRange(cell.ShiftY, -4, 4);
            seen.Add((cell.Mirrored, cell.ShiftX));
            var image = source.Get(i).Images[0].Load();
            Assert.Equal(32 + cell.ShiftX, Enumerable.Range(1, 63).Single(x => Pixel(image, x, 0)[2] != Pixel(image, x - 1, 0)[2]));
            Assert.Equal(32 + cell.ShiftY, Enumerable.Range(1, 63).Single(y => Pixel(image, 0, y)[2] != Pixel(image, 0, y - 1)[2]));
            Assert.Equal(cell.Mirrored ? 205 : 15, Pixel(image, 0, 0)[2]);
        }
        Assert.Equal(18, seen.Count);
    }

    [Fact]
    public void Rendered_words_are_not_mirrored()
    {
        var source = new MosaicSource(Drawn, new() { Canvas = 32, Augment = true, Grids = [new(4, 1)] });
        var mirrored = Enumerable.Range(0, 100).SelectMany(i => source.Layout(i).Cells).Where(cell => cell.Mirrored)
            .Select(cell => source.Classes[cell.Class]).ToHashSet();
        Assert.Contains("moon", mirrored);
        Assert.Empty(mirrored.Intersect(["sun", "key", "cup"]));
    }

    public static TheoryData<MosaicOptions, string> BadOptions => new()
    {
        { new() { Canvas = 16 }, "canvas" },
        { new() { Turns = 0 }, "turn" },
        { new() { Coarse = 1.5 }, "coarse" },
        { new() { Coarse = double.NaN }, "coarse" },
        { new() { Letters = "ABC" }, "letters" },
        { new() { Letters = "AABCDEFGHIJKLMNOPQ" }, "letters" },
        { new() { Grids = [] }, "grid" },
        { new() { Grids = [new(5, 1)] }, "grids" },
        { new() { Grids = [new(2, double.NaN)] }, "grid" },
        { new() { Kinds = [new("colour", 1)] }, "kinds are present" },
        { new() { Kinds = [new("at", 0)] }, "kind" },
        { new() { Kinds = [new("beside", 1), new("count", 1)] }, "single pictures" },
    };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void Options_that_cannot_be_are_refused(MosaicOptions options, string said) =>
        Assert.Contains(said, Assert.Throws<InputException>(() => new MosaicSource(Drawn, options)).Message);

    [Fact]
    public void Two_classes_are_too_few() =>
        Assert.Contains("at least 3", Assert.Throws<InputException>(() => new MosaicSource(new FlatPictures(2))).Message);

    [Fact]
    public void An_index_beyond_the_count_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new MosaicSource(Drawn, count: 10).Get(10));

    static byte[] Pixel(RgbImage image, int x, int y) => image.Row(y).Slice(x * 3, 3).ToArray();
}
