using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Data;

/// <summary>What the pictures of conversations show: a hash of the pixels of each, so that the same picture is known in another file, and another one under the same name.</summary>
public sealed class PictureContents
{
    const int HashBytes = 16;

    PictureContents(IReadOnlyList<(string, string?)> pictures) => Pictures = pictures;

    /// <summary>Every picture once, in ordinal order of the names; the content, in hex, is null where it could not be read.</summary>
    public IReadOnlyList<(string Name, string? Content)> Pictures { get; }

    /// <summary>Decodes every picture once.</summary>
    /// <param name="source">Conversations; they have to end. Pictures of one name are one picture.</param>
    /// <param name="passesBy">Whether what cannot be read is passed by, instead of refused.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <exception cref="InputException">A conversation or a picture can't be read.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static PictureContents Of(IConversationSource source, bool passesBy, CancellationToken cancellation = default)
    {
        var found = new ConcurrentDictionary<string, string?>(StringComparer.Ordinal);
        try
        {
            Parallel.For(0, source.Count, new ParallelOptions { CancellationToken = cancellation }, index =>
            {
                foreach (var picture in ImagesOf(source, index, passesBy))
                    if (found.TryAdd(picture.Name, null)) found[picture.Name] = ContentOf(picture, passesBy);
            });
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
        return new([.. found.OrderBy(picture => picture.Key, StringComparer.Ordinal).Select(picture => (picture.Key, picture.Value))]);
    }

    static IReadOnlyList<ImageSource> ImagesOf(IConversationSource source, long index, bool passesBy)
    {
        try
        {
            return source.Get(index).Images;
        }
        catch (InputException) when (passesBy)
        {
            return [];
        }
    }

    static string? ContentOf(ImageSource picture, bool passesBy)
    {
        RgbImage image;
        try
        {
            image = picture.Load();
        }
        catch (InputException) when (passesBy)
        {
            return null;
        }
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(BitConverter.GetBytes(image.Width));
        hash.AppendData(image.Pixels);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, HashBytes));
    }
}
