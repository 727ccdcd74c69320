using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>
/// The formulas behind the placement forms: each gives the layers that are kept, as indices from 0, ascending and without repeats.
/// "Head" is the input side, "tail" the output side. The formulas belong to edition 1 of the language and stay as they are.
/// </summary>
public static class Placement
{
    /// <summary>Every layer.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="layers"/> is negative.</exception>
    public static EquatableArray<int> All(int layers) => Pick(Checked(layers), i => i);

    /// <summary>
    /// One layer of each of <paramref name="count"/> blocks that share the layers as evenly as whole numbers can: the first of
    /// each block from the head (floor(i L / n)), the last of each from the tail (floor((i + 1) L / n) - 1).
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is not between 0 and <paramref name="layers"/>.</exception>
    public static EquatableArray<int> Interleaved(int layers, int count, bool fromHead)
    {
        CheckCount(layers, count);
        // 64 bits: i * layers may leave 32 long before either number is absurd.
        return fromHead
            ? Pick(count, i => (int)((long)i * layers / count))
            : Pick(count, i => (int)((i + 1L) * layers / count) - 1);
    }

    /// <summary>The first <paramref name="count"/> layers from the head, the last ones from the tail.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is not between 0 and <paramref name="layers"/>.</exception>
    public static EquatableArray<int> Stacked(int layers, int count, bool fromHead)
    {
        CheckCount(layers, count);
        return Pick(count, i => fromHead ? i : layers - count + i);
    }

    /// <summary>Every <paramref name="step"/>-th layer: 0, k, 2k... from the head, k - 1, 2k - 1... from the tail.</summary>
    /// <remarks>From the tail the last layer is kept only where <paramref name="step"/> divides <paramref name="layers"/>.</remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is below 1, or <paramref name="layers"/> negative.</exception>
    public static EquatableArray<int> Every(int layers, int step, bool fromHead)
    {
        Checked(layers);
        if (step < 1) throw new ArgumentOutOfRangeException(nameof(step), step, "A step is at least 1.");
        var count = fromHead ? (int)(((long)layers + step - 1) / step) : layers / step;
        return Pick(count, i => fromHead ? i * step : (i + 1) * step - 1);
    }

    /// <summary>The layers that are named, in any order and with repeats, as the canonical list.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An index is not between 0 and <paramref name="layers"/> - 1.</exception>
    public static EquatableArray<int> At(int layers, IEnumerable<int> indices)
    {
        var kept = new SortedSet<int>();
        foreach (var index in indices)
            kept.Add(index >= 0 && index < layers
                ? index
                : throw new ArgumentOutOfRangeException(nameof(indices), index, "An index is one of the model's layers."));
        return new(kept);
    }

    static EquatableArray<int> Pick(int count, Func<int, int> index)
    {
        var kept = new int[count];
        for (var i = 0; i < count; i++) kept[i] = index(i);
        return new(kept);
    }

    static int Checked(int layers) =>
        layers >= 0 ? layers : throw new ArgumentOutOfRangeException(nameof(layers), layers, "A number of layers is at least 0.");

    static void CheckCount(int layers, int count)
    {
        if (count < 0 || count > Checked(layers))
            throw new ArgumentOutOfRangeException(nameof(count), count, "A count is between 0 and the number of layers.");
    }
}
