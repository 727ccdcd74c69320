using System.IO.Compression;
using System.Text;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Tests.Checkpoints;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Tests.Data;

public sealed class PhotographsTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Train_and_test_folders_are_the_splits(bool zipped)
    {
        var path = Make(zipped, "set",
            [.. Names("train/Tabby_Cat", 4), .. Names("train/dog", 3), .. Names("test/Tabby_Cat", 2, 100), .. Names("test/dog", 1, 100)],
            ("train/dog/notes.txt", "no picture"), ("README.md", "read"), ("__MACOSX/train/dog/._0.png", "fork"), ("train/dog/._1.png", "fork"));
        var photographs = Photographs.Open(path);
        var (train, test) = photographs.Splits;
        Assert.Equal(["dog", "tabby cat"], train.Classes);
        Assert.Equal(train.Classes, test.Classes);
        Assert.Equal([3, 4, 1, 2], [train.Count(0), train.Count(1), test.Count(0), test.Count(1)]);
        Assert.Equal(4, photographs.Skipped);
        Assert.Equal(0, photographs.Dropped);
        Assert.EndsWith("/train/dog/0.png", train.Name(0, 0));
        Assert.Equal(Picture("train/dog/0.png").Pixels, train.Get(0, 0).Pixels);
    }

    [Theory]
    [InlineData("")]
    [InlineData("train/")]
    [InlineData("test/")]
    [InlineData("photos/of/mine/")]
    public void Without_both_folders_a_seeded_share_of_each_class_is_kept_for_the_test(string prefix)
    {
        var path = Make(true, "set", [.. Names(prefix + "cat", 20), .. Names(prefix + "dog", 10)]);
        var splits = Photographs.Open(path, options: new() { TestShare = 0.3, Seed = 1 }).Splits;
        Assert.Equal([14, 7, 6, 3], [splits.Train.Count(0), splits.Train.Count(1), splits.Test.Count(0), splits.Test.Count(1)]);
        AssertDisjoint(splits);
        var again = Photographs.Open(path, options: new() { TestShare = 0.3, Seed = 1 }).Splits;
        var other = Photographs.Open(path, options: new() { TestShare = 0.3, Seed = 2 }).Splits;
        Assert.Equal(AllNames(splits.Test), AllNames(again.Test));
        Assert.NotEqual(AllNames(splits.Test), AllNames(other.Test));
    }

    [Fact]
    public void The_split_does_not_depend_on_the_files_names()
    {
        var first = Photographs.Open(Make(true, "one", Names("cat", 12)));
        using (var zip = ZipFile.Open(_folder["two.zip"], ZipArchiveMode.Create))
            for (var i = 0; i < 12; i++) Add(zip, $"cat/renamed{50 - i}.png", PngEncoder.Encode(Picture($"cat/{i}.png")));
        var second = Photographs.Open(_folder["two.zip"]);
        Assert.Equal(Contents(first.Splits.Test), Contents(second.Splits.Test));
    }

    [Fact]
    public void A_second_path_is_the_test()
    {
        var train = Make(true, "a", [.. Names("train/cat", 3), .. Names("test/cat", 2, 100)]);
        var test = Make(true, "b", [.. Names("train/cat", 4, 200), .. Names("test/cat", 1, 300)]);
        var splits = Photographs.Open(train, test).Splits;
        Assert.Equal([3, 1], [splits.Train.Count(0), splits.Test.Count(0)]);
        var plain = Photographs.Open(Make(true, "c", Names("cat", 3)), Make(false, "d", Names("cat", 2, 100))).Splits;
        Assert.Equal([3, 2], [plain.Train.Count(0), plain.Test.Count(0)]);
    }

    [Fact]
    public void A_picture_that_both_splits_hold_is_left_to_the_test()
    {
        var shared = PngEncoder.Encode(Picture("shared"));
        using (var zip = ZipFile.Open(_folder["set.zip"], ZipArchiveMode.Create))
        {
            foreach (var name in (string[])["train/cat/a.png", "train/cat/b.png", "test/cat/c.png", "train/dog/x.png"]) Add(zip, name, shared);
            foreach (var name in (string[])["train/cat/own.png", "train/dog/own.png", "test/dog/own.png"]) Add(zip, name, PngEncoder.Encode(Picture(name)));
        }
        var photographs = Photographs.Open(_folder["set.zip"]);
        Assert.Equal(3, photographs.Dropped);
        Assert.Equal([1, 1], [photographs.Splits.Train.Count(0), photographs.Splits.Train.Count(1)]);
        AssertDisjoint(photographs.Splits);
    }

    [Fact]
    public void Copies_of_a_picture_fall_on_one_side_of_a_seeded_split()
    {
        using (var zip = ZipFile.Open(_folder["set.zip"], ZipArchiveMode.Create))
            for (var i = 0; i < 30; i++) Add(zip, $"cat/{i}.png", PngEncoder.Encode(Picture($"{i / 3}")));
        AssertDisjoint(Photographs.Open(_folder["set.zip"], options: new() { TestShare = 0.5 }).Splits);
    }

    [Fact]
    public void Photographs_are_cut_to_their_middle_square_and_kept_small()
    {
        var wide = new RgbImage(300, 100);
        for (var y = 0; y < 100; y++)
            for (var x = 0; x < 300; x++) wide.Row(y)[3 * x] = (byte)(x is >= 100 and < 200 ? 200 : 0);
        Directory.CreateDirectory(_folder["set/cat"]);
        PngEncoder.Write(wide, _folder["set/cat/wide.png"]);
        PngEncoder.Write(Picture("small"), _folder["set/cat/small.png"]);
        var splits = Photographs.Open(_folder["set"], options: new() { LargestSide = 40 }).Splits;
        foreach (var source in (IPictureSource[])[splits.Train, splits.Test])
        {
            var isWide = source.Name(0, 0).EndsWith("wide.png", StringComparison.Ordinal);
            var picture = source.Get(0, 0);
            Assert.Equal(isWide ? 40 : 8, picture.Width);
            Assert.Equal(picture.Width, picture.Height);
            if (isWide) Assert.All(Enumerable.Range(0, 1600), i => Assert.Equal(200, picture.Pixels[3 * i]));
        }
    }

    [Fact]
    public void A_folder_named_train_that_holds_pictures_is_a_class()
    {
        var splits = Photographs.Open(Make(true, "set", [.. Names("train", 4), .. Names("car", 4)])).Splits;
        Assert.Equal(["car", "train"], splits.Train.Classes);
    }

    [Theory]
    [InlineData("../evil.png", "leaves its folder")]
    [InlineData("cat/../../evil.png", "leaves its folder")]
    [InlineData("/etc/evil.png", "leaves its folder")]
    [InlineData("cat\\..\\..\\evil.png", "leaves its folder")]
    [InlineData("C:/evil.png", "leaves its folder")]
    [InlineData("..", "leaves its folder")]
    public void An_entry_that_leaves_its_folder_is_named(string entry, string said)
    {
        using (var zip = ZipFile.Open(_folder["set.zip"], ZipArchiveMode.Create))
        {
            Add(zip, "cat/0.png", PngEncoder.Encode(Picture("0")));
            Add(zip, entry, [1, 2, 3]);
        }
        var message = Assert.Throws<InputException>(() => Photographs.Open(_folder["set.zip"])).Message;
        Assert.Contains("set.zip", message);
        Assert.Contains(entry.Replace('\\', '/'), message);
        Assert.Contains(said, message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_picture_that_does_not_decode_is_named(bool zipped)
    {
        var path = Make(zipped, "set", Names("cat", 3), ("cat/broken.jpg", "no picture"));
        Assert.Contains("cat/broken.jpg", Assert.Throws<InputException>(() => Photographs.Open(path)).Message);
    }

    [Fact]
    public void Of_a_hundred_pictures_one_that_does_not_decode_is_left_out_and_told_and_two_are_refused()
    {
        var whole = Photographs.Open(Make(true, "whole", [.. Names("cat", 50), .. Names("dog", 50)]));
        var one = Photographs.Open(Make(true, "one", [.. Names("cat", 50), .. Names("dog", 50)], ("cat/broken.jpg", "no picture")));
        Assert.Contains("cat/broken.jpg", Assert.Single(one.Unreadable));
        Assert.Equal(whole.Splits.Train.Count(0), one.Splits.Train.Count(0));
        Assert.Empty(whole.Unreadable);
        var error = Assert.Throws<InputException>(() => Photographs.Open(Make(true, "two", [.. Names("cat", 50), .. Names("dog", 50)], ("cat/a.jpg", "no"), ("dog/b.jpg", "no"))));
        Assert.Contains("more than 1 cannot be read", error.Message);
        Assert.Contains("cat/a.jpg", error.Message);
        Assert.Contains("dog/b.jpg", error.Message);
    }

    [Fact]
    public void A_set_of_pictures_is_known_by_what_it_shows()
    {
        var digest = Photographs.Open(Make(true, "zipped", [.. Names("train/cat", 3), .. Names("test/cat", 1, 9)])).Digest;
        Assert.Equal(digest, Photographs.Open(Make(true, "again", [.. Names("train/cat", 3), .. Names("test/cat", 1, 9)])).Digest);
        Assert.NotEqual(digest, Photographs.Open(Make(true, "more", [.. Names("train/cat", 4), .. Names("test/cat", 1, 9)])).Digest);
    }

    [Fact]
    public void Files_without_class_folders_nothing_and_no_zip_are_named()
    {
        Assert.Contains("no picture in a class folder", Assert.Throws<InputException>(() => Photographs.Open(Make(true, "flat", ["a.png", "b.png"]))).Message);
        Assert.Contains("no picture in a class folder", Assert.Throws<InputException>(() => Photographs.Open(Make(true, "none", [], ("cat/a.txt", "")))).Message);
        Assert.Contains("no such file or folder", Assert.Throws<InputException>(() => Photographs.Open(_folder["missing"])).Message);
        File.WriteAllText(_folder["text.zip"], "no zip");
        Assert.Contains("text.zip: not a zip", Assert.Throws<InputException>(() => Photographs.Open(_folder["text.zip"])).Message);
    }

    [Fact]
    public void A_zip_that_is_cut_short_is_named()
    {
        var path = Make(true, "set", Names("cat", 5));
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^30]);
        Assert.Contains("set.zip", Assert.Throws<InputException>(() => Photographs.Open(path)).Message);
    }

    [Fact]
    public void A_class_without_pictures_in_one_split_is_named()
    {
        var path = Make(true, "set", [.. Names("train/cat", 2), .. Names("train/dog", 2), .. Names("test/cat", 2, 50)]);
        Assert.Contains("the class 'dog' has no picture to test", Assert.Throws<InputException>(() => Photographs.Open(path)).Message);
        Assert.Contains("the class 'cat' has 1 picture", Assert.Throws<InputException>(() => Photographs.Open(Make(true, "one", Names("cat", 1)))).Message);
    }

    [Fact]
    public void A_name_with_a_line_feed_is_shown_on_one_line()
    {
        var path = Make(true, "set", Names("cat", 3), ("cat/a\nb.png", "no picture"));
        var message = Assert.Throws<InputException>(() => Photographs.Open(path)).Message;
        Assert.Contains(@"cat/a\u000ab.png", message);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_class_name_that_could_pass_for_markup_is_refused() =>
        Assert.Contains("can't name a class", Assert.Throws<InputException>(() => Photographs.Open(Make(true, "set", Names("<image>", 2)))).Message);

    [Fact]
    public void An_entry_that_announces_too_much_is_refused_before_it_is_inflated()
    {
        using (var zip = ZipFile.Open(_folder["bomb.zip"], ZipArchiveMode.Create))
        {
            Add(zip, "cat/0.png", PngEncoder.Encode(Picture("0")));
            using var stream = zip.CreateEntry("cat/bomb.png").Open();
            var zeros = new byte[1 << 20];
            for (var i = 0; i < (PictureContainer.LargestFile >> 20) + 1; i++) stream.Write(zeros);
        }
        Assert.Contains("cat/bomb.png: the entry inflates to", Assert.Throws<InputException>(() => Photographs.Open(_folder["bomb.zip"])).Message);
    }

    /// <summary>The picture is followed by bytes that its decoder would not miss: only the size tells.</summary>
    [Theory]
    [InlineData(CompressionLevel.NoCompression, 0x1380)]
    [InlineData(CompressionLevel.NoCompression, 0x13FF)]
    [InlineData(CompressionLevel.Fastest, 0x13FF)]
    public void An_entry_that_lies_about_its_size_is_refused(CompressionLevel level, int announced)
    {
        const int Size = 0x1388;
        byte[] picture = [.. PngEncoder.Encode(Picture("0")), .. new byte[Size]];
        using (var zip = ZipFile.Open(_folder["liar.zip"], ZipArchiveMode.Create))
        {
            using var stream = zip.CreateEntry("cat/liar.png", level).Open();
            stream.Write(picture, 0, Size);
        }
        // The last field of four bytes that holds the size is the inflated size of the central directory.
        var bytes = File.ReadAllBytes(_folder["liar.zip"]);
        BitConverter.TryWriteBytes(bytes.AsSpan(bytes.AsSpan().LastIndexOf(BitConverter.GetBytes(Size))), announced);
        File.WriteAllBytes(_folder["liar.zip"], bytes);
        var message = Assert.Throws<InputException>(() => Photographs.Open(_folder["liar.zip"])).Message;
        Assert.Contains("cat/liar.png: the entry ", message);
    }

    [Fact]
    public void Symbolic_links_in_a_folder_are_not_followed()
    {
        var path = Make(false, "set", Names("cat", 3));
        Directory.CreateSymbolicLink(_folder["set/dog"], _folder["set/cat"]);
        Directory.CreateSymbolicLink(_folder["set/cat/circle"], _folder["set"]);
        Assert.Equal(["cat"], Photographs.Open(path).Splits.Train.Classes);
    }

    [Theory]
    [InlineData(0, 64)]
    [InlineData(1, 64)]
    [InlineData(double.NaN, 64)]
    [InlineData(0.2, 4)]
    public void Options_that_cannot_be_are_refused(double share, int side) =>
        Assert.StartsWith("photographs: ", Assert.Throws<InputException>(() => Photographs.Open(_folder.Path, options: new() { TestShare = share, LargestSide = side })).Message);

    static IEnumerable<string> Names(string folder, int count, int first = 0) => Enumerable.Range(first, count).Select(i => $"{folder}/{i}.png");

    // A picture of its own for each name.
    static RgbImage Picture(string name)
    {
        var image = new RgbImage(8, 8);
        new Random(BitConverter.ToInt32(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(name)))).NextBytes(image.Pixels);
        return image;
    }

    string Make(bool zipped, string name, IEnumerable<string> pictures, params (string Name, string Text)[] others)
    {
        var files = pictures.Select(file => (file, PngEncoder.Encode(Picture(file)))).Concat(others.Select(other => (other.Name, Encoding.UTF8.GetBytes(other.Text))));
        if (zipped)
        {
            using var zip = ZipFile.Open(_folder[name + ".zip"], ZipArchiveMode.Create);
            foreach (var (file, bytes) in files) Add(zip, file, bytes);
            return _folder[name + ".zip"];
        }
        foreach (var (file, bytes) in files)
        {
            var path = _folder[$"{name}/{file}"];
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, bytes);
        }
        return _folder[name];
    }

    static void Add(ZipArchive zip, string name, byte[] bytes)
    {
        using var stream = zip.CreateEntry(name).Open();
        stream.Write(bytes);
    }

    static void AssertDisjoint(PictureSplits splits)
    {
        Assert.Empty(AllNames(splits.Train).Intersect(AllNames(splits.Test)));
        Assert.Empty(Contents(splits.Train).Intersect(Contents(splits.Test)));
    }

    static List<string> AllNames(IPictureSource source) => Each(source, source.Name);

    static SortedSet<string> Contents(IPictureSource source) => [.. Each(source, (c, i) => Convert.ToHexString(source.Get(c, i).Pixels))];

    static List<string> Each(IPictureSource source, Func<int, int, string> of) =>
        [.. Enumerable.Range(0, source.Classes.Count).SelectMany(c => Enumerable.Range(0, source.Count(c)).Select(i => of(c, i)))];
}
