using System.Security.Cryptography;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Tests.Checkpoints;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Tests.Data;

public sealed class DataSetWriterTests : IDisposable
{
    static readonly PictureSplits Pictures = DrawnPictures.Splits(trainPerClass: 10, testPerClass: 5);
    static readonly MosaicOptions Small = new() { Canvas = 48 };

    readonly TemporaryFolder _folder = new();
    readonly MosaicSource _train = new(Pictures.Train, Small with { Augment = true }, seed: 1);
    readonly MosaicSource _test = new(Pictures.Test, Small, seed: 2);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_written_reads_back_as_the_stream()
    {
        DataSetWriter.Write(_train, 300, _test, 20, _train.Classes, _folder["set"]);
        Assert.Equal(["classes.txt", "images", "test.jsonl", "train.jsonl"],
            Directory.EnumerateFileSystemEntries(_folder["set"]).Select(Path.GetFileName).Order());
        Assert.Equal(_train.Classes, File.ReadAllLines(_folder["set/classes.txt"]));
        AssertSame(_train, "train", 300);
        AssertSame(_test, "test", 20);
        Assert.Equal(["set"], _folder.Names);
    }

    [Fact]
    public void The_same_conversations_are_the_same_bytes()
    {
        DataSetWriter.Write(_train, 30, _test, 10, _train.Classes, _folder["one"]);
        DataSetWriter.Write(_train, 30, _test, 10, _train.Classes, _folder["two"]);
        Assert.Equal(Hashes(_folder["one"]), Hashes(_folder["two"]));
        Assert.Equal(43, Hashes(_folder["one"]).Count);
    }

    [Fact]
    public void Several_images_and_text_alone_are_written_too()
    {
        var source = new Listed(
            new("a", [Image(3), Image(4)], [new("<image> <image> \"which\"\nis <b>?", "ü", "")]),
            new("b", [], [new("no picture", "", "x")]));
        DataSetWriter.Write(source, 2, source, 1, ["[bold]"], _folder["set"]);
        using var set = new ConversationSet(_folder["set/train.jsonl"]);
        Assert.Equal(source.Get(0).Turns, set.Get(0).Turns);
        Assert.Equal([3, 4], set.Get(0).Images.Select(image => image.Load().Width));
        Assert.Equal(source.Get(1).Turns, set.Get(1).Turns);
        Assert.Empty(set.Get(1).Images);
    }

    [Fact]
    public void Nothing_half_written_stays_when_a_source_fails()
    {
        var broken = new Listed(
            new("a", [Image(3)], [new("<image>", "a", "")]),
            new("b", [new DrawnImage("b", () => throw new InputException("b.png: broken"))], [new("<image>", "a", "")]));
        Assert.Equal("b.png: broken", Assert.Throws<InputException>(() => DataSetWriter.Write(_train, 5, broken, 2, [], _folder["set"])).Message);
        Assert.Empty(_folder.Names);
    }

    [Fact]
    public void Nothing_half_written_stays_when_it_is_cancelled()
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new Reported(_ => cancellation.Cancel());
        Assert.ThrowsAny<OperationCanceledException>(() =>
            DataSetWriter.Write(_train, 600, _test, 5, [], _folder["set"], progress, cancellation.Token));
        Assert.Empty(_folder.Names);
        Assert.Equal([256L], progress.Values);
    }

    [Fact]
    public void A_folder_that_holds_something_is_left_alone()
    {
        Directory.CreateDirectory(_folder["set"]);
        DataSetWriter.Write(_train, 1, _test, 1, [], _folder["set/"]);
        var before = Hashes(_folder["set"]);
        Assert.Contains("isn't empty", Assert.Throws<InputException>(() => DataSetWriter.Write(_train, 2, _test, 1, [], _folder["set"])).Message);
        Assert.Equal(before, Hashes(_folder["set"]));
        File.WriteAllText(_folder["file"], "");
        Assert.Contains("is a file", Assert.Throws<InputException>(() => DataSetWriter.Write(_train, 2, _test, 1, [], _folder["file"])).Message);
        Assert.Contains("can't be written", Assert.Throws<InputException>(() => DataSetWriter.Write(_train, 2, _test, 1, [], _folder["file/set"])).Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void A_count_that_the_source_does_not_have_is_refused(long count)
    {
        var two = new Listed(new("a", [], [new("q", "a", "")]), new("b", [], [new("q", "a", "")]));
        Assert.Contains("expected 1 to 2", Assert.Throws<InputException>(() => DataSetWriter.Write(two, count, two, 1, [], _folder["set"])).Message);
    }

    void AssertSame(MosaicSource source, string split, int count)
    {
        using var set = new ConversationSet(_folder[$"set/{split}.jsonl"]);
        Assert.Equal(count, set.Count);
        for (var i = 0; i < count; i++)
        {
            var (expected, found) = (source.Get(i), set.Get(i));
            Assert.Equal(expected.Id, found.Id);
            Assert.Equal(expected.Turns, found.Turns);
            Assert.Equal(expected.Images[0].Load().Pixels, Assert.Single(found.Images).Load().Pixels);
        }
    }

    static DrawnImage Image(int side) => new("drawn", () => new(side, side));

    static Dictionary<string, string> Hashes(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .ToDictionary(file => Path.GetRelativePath(folder, file), file => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))));

    sealed class Reported(Action<long> then) : IProgress<long>
    {
        public List<long> Values { get; } = [];

        public void Report(long value)
        {
            Values.Add(value);
            then(value);
        }
    }
}
