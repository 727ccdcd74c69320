namespace MmMamba.Runtime.Data;

/// <summary>
/// The order in which a teacher sees mosaics: first few large contents, where recognising is all that is asked for, then places and
/// tags with many coarse mosaics, in which looking near the right place is rewarded, then mosaics as they are judged.
/// </summary>
public sealed class Curriculum : IConversationSource
{
    readonly (long End, IConversationSource Source)[] _phases;

    Curriculum((long End, IConversationSource Source)[] phases) => _phases = phases;

    /// <inheritdoc/>
    public long Count => _phases[^1].End;

    /// <inheritdoc/>
    public Conversation Get(long index)
    {
        foreach (var (end, source) in _phases)
            if (index < end) return source.Get(index);
        throw new ArgumentOutOfRangeException(nameof(index), index, $"expected below {Count}");
    }

    /// <summary>The lessons about a source of pictures.</summary>
    /// <param name="pictures">What is shown.</param>
    /// <param name="mosaics">What mosaics look like; grids, kinds, turns and shares are the lessons' own.</param>
    /// <param name="seed">Decides every conversation.</param>
    /// <param name="count">Conversations in all.</param>
    public static Curriculum Create(IPictureSource pictures, MosaicOptions mosaics, ulong seed, long count)
    {
        KindWeight[] kinds =
        [
            new(QuestionKinds.Present, 1), new(QuestionKinds.At, 2), new(QuestionKinds.Beside, 2),
            new(QuestionKinds.Count, 1), new(QuestionKinds.Choice, 1), new(QuestionKinds.Tag, 1),
            new(QuestionKinds.Tagged, 1), new(QuestionKinds.Where, 1), new(QuestionKinds.Mark, 1), new(QuestionKinds.Pairs, 2),
        ];
        var first = mosaics with { Grids = [new(1, 1), new(2, 1)], Kinds = kinds, Coarse = 0.3, Distinct = 0.3, Augment = true, Turns = Turns };
        var second = first with { Grids = [new(1, 1), new(2, 2), new(3, 2), new(4, 3)], Coarse = 0.4 };
        var third = second with { Grids = [new(1, 1), new(2, 2), new(3, 3), new(4, 4)], Coarse = 0.05, Distinct = 0.1 };
        return new(
        [
            (Share(0.15), new MosaicSource(pictures, first, seed)),
            (Share(0.6), new MosaicSource(pictures, second, seed)),
            (count, new MosaicSource(pictures, third, seed)),
        ]);

        long Share(double share) => (long)(share * count);
    }

    /// <summary>More questions about a picture than it is judged on: reading a picture costs more than answering.</summary>
    const int Turns = 8;
}
