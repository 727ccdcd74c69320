using MmMamba.Runtime.Data;

namespace MmMamba.Runtime.Tests.Data;

public class MosaicQuestionTests
{
    static readonly IPictureSource Pictures = DrawnPictures.Splits(trainPerClass: 60, testPerClass: 4).Train;

    [Fact]
    public void Every_answer_follows_from_the_layout()
    {
        var source = new MosaicSource(Pictures, new() { Canvas = 64 }, seed: 3);
        for (var i = 0; i < 2000; i++)
        {
            var layout = source.Layout(i);
            var classes = layout.Cells.Select(cell => cell.Class).ToArray();
            var turns = source.Get(i).Turns;
            Assert.InRange(turns.Count, 1, 5);
            Assert.StartsWith("<image>\n", turns[0].Question);
            foreach (var turn in turns) Assert.Equal(AskedQuestion.Read(turn.Question, layout, source.Classes).AnswerIn(classes), turn.Answer);
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.5, 1)]
    [InlineData(0.9, 0.5)]
    public void Every_answer_of_a_lesson_follows_from_the_layout(double coarse, double distinct)
    {
        var kinds = QuestionKinds.Taught.Select(kind => new KindWeight(kind, 1)).ToArray();
        var source = new MosaicSource(Pictures, new() { Canvas = 64, Turns = 12, Kinds = kinds, Coarse = coarse, Distinct = distinct }, seed: 4);
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 500; i++)
        {
            var layout = source.Layout(i);
            var classes = layout.Cells.Select(cell => cell.Class).ToArray();
            foreach (var turn in source.Get(i).Turns)
            {
                Assert.Equal(AskedQuestion.Read(turn.Question, layout, source.Classes).AnswerIn(classes), turn.Answer);
                seen.Add(turn.Kind);
            }
        }
        Assert.Equal(QuestionKinds.Taught.Order(StringComparer.Ordinal), seen);
    }

    [Fact]
    public void Distinct_mosaics_show_as_many_classes_as_there_are()
    {
        foreach (var side in (int[])[2, 3, 4])
        {
            var source = new MosaicSource(Pictures, new() { Canvas = 64, Grids = [new(side, 1)], Distinct = 1 }, seed: 5);
            for (var i = 0; i < 100; i++)
                Assert.Equal(Math.Min(side * side, Pictures.Classes.Count), source.Layout(i).Cells.Select(cell => cell.Class).Distinct().Count());
        }
    }

    /// <summary>All worlds that agree with the turns so far are tried: in at least two of them the next answers differ.</summary>
    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 4)]
    [InlineData(2, 6)]
    [InlineData(3, 3)]
    public void No_answer_follows_from_the_turns_before_it(int side, int classes)
    {
        var source = new MosaicSource(new FlatPictures(classes), new() { Canvas = 48, Grids = [new(side, 1)], Turns = 12 }, seed: 9);
        var cells = side * side;
        var all = Enumerable.Range(0, (int)Math.Pow(classes, cells))
            .Select(world => Enumerable.Range(0, cells).Select(cell => world / (int)Math.Pow(classes, cell) % classes).ToArray()).ToArray();
        for (var i = 0; i < (cells > 4 ? 60 : 400); i++)
        {
            var layout = source.Layout(i);
            var worlds = all;
            foreach (var turn in source.Get(i).Turns)
            {
                var asked = AskedQuestion.Read(turn.Question, layout, source.Classes);
                var possible = worlds.Select(asked.AnswerIn).Where(answer => answer != "").Distinct().Count();
                Assert.True(possible > 1, $"conversation {i}: '{turn.Question}' is given away");
                worlds = [.. worlds.Where(world => asked.AnswerIn(world) == turn.Answer)];
            }
        }
    }

    [Fact]
    public void Present_is_balanced_at_every_turn_of_every_grid()
    {
        foreach (var side in (int[])[1, 2, 3, 4])
        {
            var source = new MosaicSource(Pictures, new() { Canvas = 32, Grids = [new(side, 1)] }, seed: 1);
            var answers = Enumerable.Range(0, 4000).SelectMany(i => source.Get(i).Turns.Select((turn, t) => (turn, t)))
                .Where(asked => asked.turn.Kind == QuestionKinds.Present).ToArray();
            foreach (var ofTurn in answers.GroupBy(asked => Math.Min(asked.t, 2)))
            {
                var n = ofTurn.Count();
                // Five deviations of a fair coin.
                Assert.InRange(ofTurn.Count(asked => asked.turn.Answer == "yes") / (double)n, 0.5 - 2.5 / Math.Sqrt(n), 0.5 + 2.5 / Math.Sqrt(n));
            }
        }
    }

    /// <summary>
    /// In single pictures the adversarial negative is the class that looks most like the picture's: half of the negatives are meant to be it, and of the
    /// other half one in eleven is it by chance.
    /// </summary>
    [Fact]
    public void Half_of_the_negatives_are_adversarial()
    {
        var source = new MosaicSource(
            Pictures, new() { Canvas = 32, Grids = [new(1, 1)], Turns = 1, Kinds = [new(QuestionKinds.Present, 1)] }, seed: 5);
        var (negatives, similar) = (0, 0);
        for (var i = 0; i < 8000; i++)
        {
            var turn = source.Get(i).Turns[0];
            if (turn.Answer == "yes") continue;
            negatives++;
            var layout = source.Layout(i);
            var most = source.LookAlikesOf(layout.Cells[0].Class)[0];
            if (AskedQuestion.Read(turn.Question, layout, source.Classes).Named == source.Classes[most]) similar++;
        }
        var expected = 0.5 + 0.5 / (Pictures.Classes.Count - 1);
        Assert.InRange(similar / (double)negatives, expected - 0.04, expected + 0.04);
    }

    [Fact]
    public void Counts_vary_and_zero_is_not_dominant()
    {
        var source = new MosaicSource(Pictures, new() { Canvas = 32 }, seed: 2);
        var counts = Enumerable.Range(0, 4000).SelectMany(i => source.Get(i).Turns)
            .Where(turn => turn.Kind == QuestionKinds.Count).GroupBy(turn => turn.Answer).ToDictionary(g => g.Key, g => g.Count());
        var all = (double)counts.Values.Sum();
        Assert.All(counts, count => Assert.True(count.Value / all < 0.3, $"{count.Key}: {count.Value / all:P0}"));
        Assert.InRange(counts["0"] / all, 0.1, 0.25);
        Assert.True(counts.Keys.Count >= 6);
    }

    [Fact]
    public void The_right_letter_is_each_a_third_of_the_time()
    {
        var source = new MosaicSource(Pictures, new() { Canvas = 32, Kinds = [new(QuestionKinds.Choice, 1)] }, seed: 2);
        var letters = Enumerable.Range(0, 2000).SelectMany(i => source.Get(i).Turns).GroupBy(turn => turn.Answer).ToDictionary(g => g.Key, g => g.Count());
        Assert.Equal(["A", "B", "C"], letters.Keys.Order());
        Assert.All(letters.Values, count => Assert.InRange(count / (double)letters.Values.Sum(), 0.31, 0.36));
    }

    [Fact]
    public void Kinds_are_asked_by_weight()
    {
        var source = new MosaicSource(Pictures, new() { Canvas = 32, Grids = [new(4, 1)], Turns = 1, Kinds = [new(QuestionKinds.At, 3), new(QuestionKinds.Beside, 1)] });
        var kinds = Enumerable.Range(0, 4000).Select(i => source.Get(i).Turns[0].Kind).ToArray();
        Assert.InRange(kinds.Count(kind => kind == QuestionKinds.At) / 4000.0, 0.72, 0.78);
        Assert.Equal(4000, kinds.Count(kind => kind is QuestionKinds.At or QuestionKinds.Beside));
    }

    [Fact]
    public void A_class_takes_the_article_of_its_first_letter()
    {
        var source = new MosaicSource(new FlatPictures(3), new() { Canvas = 32, Kinds = [new(QuestionKinds.Present, 1)] });
        Assert.All(Enumerable.Range(0, 20), i => Assert.Matches("^<image>\nis there a [pqr]\\?$", source.Get(i).Turns[0].Question));
        Assert.Equal("is there an airplane?", Questions.Present("airplane"));
        Assert.Equal("how many show an owl?", Questions.Count("owl"));
    }
}
