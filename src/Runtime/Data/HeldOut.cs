using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Data;

/// <summary>Keeps pictures that models are judged by apart from those that they were trained on.</summary>
public static class HeldOut
{
    /// <summary>Refuses a test that shows a training picture, by the pixels: two files may hold one picture. Every picture of both is decoded.</summary>
    /// <param name="train">Training conversations; they have to end. What cannot be read there was not trained on, and is passed by.</param>
    /// <param name="test">Test conversations; they have to end.</param>
    /// <param name="name">What to call the set in a message.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="InputException">A picture is in both, or one of the test can't be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static void Require(IConversationSource train, IConversationSource test, string name, CancellationToken cancellation = default)
    {
        var tested = new ConcurrentDictionary<UInt128, string>();
        ForEachPicture(test, passesBy: false, cancellation, (content, picture) => tested.TryAdd(content, picture));
        var both = new ConcurrentDictionary<UInt128, string>();
        ForEachPicture(train, passesBy: true, cancellation, (content, picture) =>
        {
            if (tested.ContainsKey(content)) both.TryAdd(content, picture);
        });
        if (both.IsEmpty) return;
        var (test0, train0) = both.Select(one => (tested[one.Key], one.Value)).Min();
        throw new InputException(
            $"{name}: {both.Count} of {tested.Count} test pictures are training pictures too, such as {Shown.Text(test0)}, which is {Shown.Text(train0)}; " +
            "a model is not judged by what it was trained on: take them out of one of the two.");
    }

    static void ForEachPicture(IConversationSource source, bool passesBy, CancellationToken cancellation, Action<UInt128, string> use)
    {
        try
        {
            Parallel.For(0, source.Count, new ParallelOptions { CancellationToken = cancellation }, index =>
            {
                try
                {
                    foreach (var picture in source.Get(index).Images) use(ContentOf(picture.Load()), picture.Name);
                }
                catch (InputException) when (passesBy)
                {
                }
            });
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }

    static UInt128 ContentOf(RgbImage image)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(BitConverter.GetBytes(image.Width));
        hash.AppendData(image.Pixels);
        return BinaryPrimitives.ReadUInt128LittleEndian(hash.GetHashAndReset());
    }
}
