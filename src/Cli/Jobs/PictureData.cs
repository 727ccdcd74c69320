using System.Security.Cryptography;
using MmMamba.Cli.Reports;
using MmMamba.Runtime;
using MmMamba.Runtime.Data;

namespace MmMamba.Cli.Jobs;

/// <summary>What a run is trained and judged on: the drawn set, anyone's photographs, or a set of conversations on disk.</summary>
abstract class PictureData
{
    /// <summary>What the tool's mosaics look like: cells of one size, two tokens wide, on the tiny models' one tile.</summary>
    public static MosaicOptions Mosaics { get; } = new() { Canvas = 128, Cell = 32 };

    /// <summary>For reports and for the chain of artefacts.</summary>
    public abstract string Description { get; }

    /// <summary>Identity of the content, of a set on disk that of its lines: what a run that goes on must find again.</summary>
    public abstract string Digest { get; }

    /// <summary>How many of the training conversations may be impossible to read.</summary>
    public virtual int MostUnreadable => 0;

    /// <summary>Whether the training conversations are a set that is gone through again and again, each time in another order.</summary>
    public abstract bool IsFinite { get; }

    /// <summary>Conversations for students.</summary>
    public abstract IConversationSource Training(ulong seed);

    /// <summary>Conversations to train a teacher on, in the order in which they are to be seen.</summary>
    public abstract IConversationSource Lessons(ulong seed, long count);

    /// <summary>Conversations about pictures that no training shows.</summary>
    public abstract IConversationSource Test(long count);

    /// <summary>Refuses a test that shows training pictures. Where the splits are made here, there is none.</summary>
    /// <param name="count">Test conversations that count.</param>
    /// <param name="cancellation">Stops the reading of pictures.</param>
    /// <exception cref="InputException">A picture is in both.</exception>
    public virtual void RequireHeldOut(long count, CancellationToken cancellation) { }

    /// <summary>What the pictures show that <see cref="RequireHeldOut"/> has looked at; null where <see cref="Digest"/> says it of all.</summary>
    public virtual PictureList? Shown => null;

    /// <summary>The set that the project draws itself.</summary>
    public static PictureData Drawn() => new Pictures("drawn shapes and words", "drawn", DrawnPictures.Splits());

    /// <summary>Photographs in class folders (a folder or a zip), or a folder that <c>mmmamba data</c> wrote.</summary>
    /// <param name="train">A path; with <paramref name="test"/> only its training part is used.</param>
    /// <param name="test">Another path for the test, or null.</param>
    /// <param name="cancellation">Stops the reading.</param>
    public static PictureData Open(string train, string? test, CancellationToken cancellation)
    {
        var lines = Path.Combine(train, DataSetWriter.Train + ".jsonl");
        if (File.Exists(lines))
            return new Set(train, test ?? train, OpenTraining(lines, train, cancellation), OpenTest(test ?? train, cancellation));
        var photographs = Photographs.Open(train, test, cancellation: cancellation);
        if (photographs.Skipped > 0 || photographs.Dropped > 0)
            Console.WriteLine($"photographs: {photographs.Skipped} files left out as no pictures in class folders, {photographs.Dropped} training pictures as the test holds the same");
        Tell(photographs.Unreadable);
        // Another test makes other splits.
        return new Pictures(test is null ? NameOf(train) : $"{NameOf(train)}, tested on {NameOf(test)}", photographs.Digest, photographs.Splits);
    }

    static string NameOf(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(path));

    // A bad line is told at once, not after an hour of training. Judging passes nothing by.
    static ConversationSet OpenTest(string folder, CancellationToken cancellation)
    {
        var set = new ConversationSet(TestLines(folder), folder);
        set.Check(cancellation: cancellation);
        return set;
    }

    static ConversationSet OpenTraining(string lines, string folder, CancellationToken cancellation)
    {
        var set = new ConversationSet(lines, folder);
        Tell(set.Check(Unreadable.Tolerated(set.Count), cancellation));
        return set;
    }

    static string TestLines(string folder) => Path.Combine(folder, DataSetWriter.Test + ".jsonl");

    static void Tell(IReadOnlyList<string> unreadable)
    {
        foreach (var why in unreadable) Console.WriteLine(Printable.Line($"passed by: {why}"));
    }

    sealed class Pictures(string description, string digest, PictureSplits splits) : PictureData
    {
        // The test's stream differs from every training stream in its pictures; its seed is fixed so that runs are comparable.
        const ulong TestSeed = 0x7E57;

        public override string Description => description;
        public override string Digest => digest;
        public override bool IsFinite => false;
        public override IConversationSource Training(ulong seed) => new MosaicSource(splits.Train, Mosaics with { Augment = true }, seed);
        public override IConversationSource Lessons(ulong seed, long count) => Curriculum.Create(splits.Train, Mosaics, seed, count);
        public override IConversationSource Test(long count) => new MosaicSource(splits.Test, Mosaics, TestSeed, count);
    }

    sealed class Set(string folder, string testFolder, ConversationSet train, ConversationSet test) : PictureData
    {
        PictureList? _shown;

        public override string Description => NameOf(folder);
        public override string Digest => HashOf(Path.Combine(folder, DataSetWriter.Train + ".jsonl")) + HashOf(TestLines(testFolder));
        public override int MostUnreadable => Unreadable.Tolerated(train.Count);
        public override bool IsFinite => true;
        public override IConversationSource Training(ulong seed) => train;
        public override IConversationSource Lessons(ulong seed, long count) => train;
        public override IConversationSource Test(long count) => test.Count <= count ? test : new FirstOf(test, count);
        public override PictureList? Shown => _shown;

        public override void RequireHeldOut(long count, CancellationToken cancellation)
        {
            var tested = PictureContents.Of(Test(count), passesBy: false, cancellation);
            var trained = PictureContents.Of(train, passesBy: true, cancellation);
            HeldOut.Require(trained, tested, folder);
            _shown = new([(DataSetWriter.Train, trained), (DataSetWriter.Test, tested)]);
        }
    }

    static string HashOf(string file)
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    sealed class FirstOf(IConversationSource source, long count) : IConversationSource
    {
        public long Count => count;
        public Conversation Get(long index) => source.Get(index);
    }
}
