using System.Buffers.Binary;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using System.Text;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Data;

/// <summary>
/// Photographs in class folders, from folders or zips. Each is decoded once, cut to its middle square and kept small. What both splits
/// hold, by its pixels, stays in the test alone, so that nothing is judged on what it was trained on.
/// </summary>
public sealed class Photographs
{
    Photographs(PictureSplits splits, int skipped, int dropped, IReadOnlyList<string> unreadable, string digest) =>
        (Splits, Skipped, Dropped, Unreadable, Digest) = (splits, skipped, dropped, unreadable, digest);

    /// <summary>The photographs.</summary>
    public PictureSplits Splits { get; }

    /// <summary>Files that were left out: no pictures by their names, or outside class folders.</summary>
    public int Skipped { get; }

    /// <summary>Training photographs that were left out because the test holds the same one.</summary>
    public int Dropped { get; }

    /// <summary>Why photographs were left out that could not be decoded, a sentence each, in the order of their files.</summary>
    public IReadOnlyList<string> Unreadable { get; }

    /// <summary>SHA-256, in hex, of what is shown: splits, classes, and the pixels in their order.</summary>
    public string Digest { get; }

    /// <summary>
    /// Reads photographs. The splits are the folders <c>train</c> and <c>test</c>; with only one of them, or none, a seeded share of each
    /// class is kept for the test. With <paramref name="testPath"/>, the one path is all for training and the other all for the test (of
    /// each, only its own split's folder where it has one).
    /// </summary>
    /// <param name="path">A folder or a zip.</param>
    /// <param name="testPath">Another for the test, or null.</param>
    /// <param name="options">How they are read; null takes the defaults.</param>
    /// <param name="progress">Told the number of photographs decoded so far.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="InputException">
    /// A path can't be read, has no class folders, holds more photographs that don't decode than <see cref="Data.Unreadable.Tolerated"/>, or a class lacks photographs in a split.
    /// </exception>
    public static Photographs Open(
        string path, string? testPath = null, PhotographOptions? options = null,
        IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new();
        if (options.TestShare is not (> 0 and < 1))
            throw new InputException(
                FormattableString.Invariant($"photographs: the test's share is {options.TestShare}; expected above 0 and below 1."));
        if (options.LargestSide is < 8 or > 512)
            throw new InputException($"photographs: the largest side is {options.LargestSide}; expected 8 to 512 pixels.");
        var reading = new Reading(options, progress, cancellation);
        using var first = PictureContainer.Open(path);
        if (testPath is null)
        {
            var all = reading.Files(first, null);
            var both = all.Any(file => file.Split == DataSetWriter.Train) && all.Any(file => file.Split == DataSetWriter.Test);
            var decoded = reading.Decode(first, all);
            return both
                ? reading.Close(path, decoded.Where(p => p.Split == DataSetWriter.Train), decoded.Where(p => p.Split == DataSetWriter.Test))
                : reading.Split(path, decoded);
        }
        using var second = PictureContainer.Open(testPath);
        var train = reading.Decode(first, reading.Files(first, DataSetWriter.Train));
        var test = reading.Decode(second, reading.Files(second, DataSetWriter.Test));
        return reading.Close($"{path}, {testPath}", train, test);
    }

    /// <param name="Class">The class's name.</param>
    /// <param name="Split">The split that its path names.</param>
    /// <param name="Name">Path in its container.</param>
    /// <param name="Image">The small square.</param>
    /// <param name="Content">A hash of its pixels.</param>
    sealed record Photograph(string Class, string? Split, string Name, RgbImage Image, UInt128 Content);

    sealed class Reading(PhotographOptions options, IProgress<int>? progress, CancellationToken cancellation)
    {
        readonly List<string> _unreadable = [];
        int _decoded, _skipped;

        // Where some are under split folders, only those count, and of them the wanted split's alone, if it is there.
        public List<ClassFolders.Placed> Files(PictureContainer container, string? wanted)
        {
            var placed = new List<ClassFolders.Placed>();
            for (var i = 0; i < container.Files.Count; i++)
                if (ClassFolders.Place(container, i) is { } file) placed.Add(file);
            if (placed.Any(file => file.Split != null)) placed.RemoveAll(file => file.Split == null);
            if (placed.Any(file => file.Split == wanted)) placed.RemoveAll(file => file.Split != wanted);
            if (placed.Count == 0)
                throw new InputException(
                    $"{container.Path}: found no picture in a class folder; expected CLASS/PICTURE, or train/CLASS/PICTURE and " +
                    "test/CLASS/PICTURE.");
            _skipped += container.Files.Count - placed.Count;
            return placed;
        }

        public Photograph[] Decode(PictureContainer container, List<ClassFolders.Placed> files)
        {
            var decoded = new Photograph?[files.Count];
            var errors = new InputException?[files.Count];
            try
            {
                Parallel.For(0, files.Count, new ParallelOptions { CancellationToken = cancellation }, i =>
                {
                    var (file, name, split) = files[i];
                    try
                    {
                        var image = SmallSquare(ImageDecoder.Decode(container.Read(file), container.Name(file)));
                        var content = BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(image.Pixels));
                        decoded[i] = new(name, split, container.Name(file), image, content);
                    }
                    catch (InputException error)
                    {
                        errors[i] = error;
                    }
                    progress?.Report(Interlocked.Increment(ref _decoded));
                });
            }
            catch (AggregateException e)
            {
                ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
            }
            var tolerated = Data.Unreadable.Tolerated(files.Count);
            InputException[] wrong = [.. errors.OfType<InputException>()];
            if (wrong.Length > tolerated)
                throw tolerated == 0 ? wrong[0] : Data.Unreadable.TooMany(container.Path, [.. wrong.Select(error => error.Message)], tolerated);
            _unreadable.AddRange(wrong.Select(error => error.Message));
            return [.. decoded.OfType<Photograph>()];
        }

        RgbImage SmallSquare(RgbImage image)
        {
            var side = Math.Min(image.Width, image.Height);
            var square = image.Width == image.Height ? image : image.Crop((image.Width - side) / 2, (image.Height - side) / 2, side, side);
            if (side <= options.LargestSide) return square;
            var small = new RgbImage(options.LargestSide, options.LargestSide);
            SquareScaler.Scale(square.Pixels, side, small.Pixels, options.LargestSide);
            return small;
        }

        // The order that decides is one of the contents: neither the files' order nor their names matter.
        public Photographs Split(string path, Photograph[] all)
        {
            var (train, test) = (new List<Photograph>(), new List<Photograph>());
            foreach (var ofClass in all.GroupBy(photograph => photograph.Class))
            {
                var ordered = ofClass.OrderBy(photograph => new DataRandom(options.Seed, (ulong)photograph.Content).NextBits())
                    .ThenBy(photograph => photograph.Name, StringComparer.Ordinal).ToArray();
                if (ordered.Length < 2)
                    throw new InputException(
                        $"{path}: the class '{ofClass.Key}' has 1 picture; expected at least 2, one to train and one to test.");
                var tested = Math.Clamp((int)Math.Round(ordered.Length * options.TestShare), 1, ordered.Length - 1);
                test.AddRange(ordered[..tested]);
                train.AddRange(ordered[tested..]);
            }
            return Close(path, train, test);
        }

        public Photographs Close(string path, IEnumerable<Photograph> train, IEnumerable<Photograph> test)
        {
            var tested = test.ToArray();
            var contents = tested.Select(photograph => photograph.Content).ToHashSet();
            var given = train.ToArray();
            var trained = given.Where(photograph => !contents.Contains(photograph.Content)).ToArray();
            string[] classes = [.. given.Concat(tested).Select(photograph => photograph.Class).Distinct().Order(StringComparer.Ordinal)];
            return new(
                new(new Source(path, DataSetWriter.Train, classes, trained), new Source(path, DataSetWriter.Test, classes, tested)),
                _skipped, given.Length - trained.Length, _unreadable, DigestOf(trained, tested));
        }

        static string DigestOf(params IEnumerable<Photograph>[] splits)
        {
            // Names give the order, from which pictures are drawn by their place.
            var lines = splits.SelectMany((split, i) => split.OrderBy(photograph => photograph.Class, StringComparer.Ordinal).ThenBy(photograph => photograph.Name, StringComparer.Ordinal)
                .Select(photograph => $"{i}\0{photograph.Class}\0{photograph.Content:x32}\n"));
            return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines))));
        }
    }

    sealed class Source : IPictureSource
    {
        readonly Photograph[][] _byClass;

        public Source(string path, string split, string[] classes, IReadOnlyList<Photograph> photographs)
        {
            Classes = classes;
            var byClass = photographs.ToLookup(photograph => photograph.Class);
            _byClass = [.. classes.Select(name => byClass[name].OrderBy(photograph => photograph.Name, StringComparer.Ordinal).ToArray())];
            var missing = Array.FindIndex(_byClass, pictures => pictures.Length == 0);
            if (missing >= 0)
                throw new InputException(
                    $"{path}: the class '{classes[missing]}' has no picture to {split} with that isn't in the other split; " +
                    "expected at least one.");
        }

        public IReadOnlyList<string> Classes { get; }
        public int Count(int classIndex) => _byClass[classIndex].Length;
        public RgbImage Get(int classIndex, int index) => _byClass[classIndex][index].Image;
        public string Name(int classIndex, int index) => _byClass[classIndex][index].Name;
        public bool Mirrors(int classIndex) => true;
    }
}
