namespace MmMamba.Runtime.Data;

/// <summary>
/// Conversations about pictures and mosaics of pictures, composed when they are asked for. Conversation i is decided by
/// (pictures, options, seed, i) alone.
/// </summary>
public sealed class MosaicSource : IConversationSource
{
    readonly IPictureSource _pictures;
    readonly MosaicOptions _options;
    readonly ulong _seed;
    readonly int[][] _lookAlikes;
    readonly double[] _gridWeights;
    readonly MosaicPainter _painter;

    /// <param name="pictures">What the cells show; at least three classes.</param>
    /// <param name="options">What the mosaics look like; null takes the defaults.</param>
    /// <param name="seed">Decides the conversations.</param>
    /// <param name="count">Number of conversations; without one the stream doesn't end.</param>
    /// <exception cref="InputException">The options contradict themselves, or the pictures have fewer than three classes.</exception>
    public MosaicSource(IPictureSource pictures, MosaicOptions? options = null, ulong seed = 0, long count = long.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        _options = options ?? new();
        _options.Validate();
        if (pictures.Classes.Count < 3)
            throw new InputException(
                $"pictures: found {pictures.Classes.Count} classes, expected at least 3, " +
                "for multiple choice has three options; add class folders.");
        (_pictures, _seed, Count) = (pictures, seed, count);
        _lookAlikes = LookAlikes.Find(pictures);
        _gridWeights = [.. _options.Grids.Select(grid => grid.Weight)];
        _painter = new(pictures, _options.Canvas, _options.Cell);
    }

    /// <inheritdoc/>
    public long Count { get; }

    /// <summary>Names of the classes.</summary>
    public IReadOnlyList<string> Classes => _pictures.Classes;

    /// <summary>Classes from the one that looks most like a class to the one that looks least like it.</summary>
    public IReadOnlyList<int> LookAlikesOf(int classIndex) => _lookAlikes[classIndex];

    /// <inheritdoc/>
    public Conversation Get(long index)
    {
        var random = Random(index);
        var mosaic = Compose(ref random);
        var turns = Interview.Hold(mosaic, Classes, _lookAlikes, _options, ref random);
        var name = index.ToString("D6", System.Globalization.CultureInfo.InvariantCulture);
        return new(name, [new DrawnImage(name, () => _painter.Paint(mosaic))], turns);
    }

    /// <summary>The layout of the mosaic that conversation <paramref name="index"/> is about.</summary>
    public Mosaic Layout(long index)
    {
        var random = Random(index);
        return Compose(ref random);
    }

    DataRandom Random(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return new(_seed, (ulong)index);
    }

    Mosaic Compose(ref DataRandom random)
    {
        var side = _options.Grids[random.Weighted(_gridWeights)].Side;
        var count = side * side;
        var blocks = Blocks(side, side > 1 && random.Chance(_options.Coarse), ref random);
        var distinct = side > 1 && random.Chance(_options.Distinct);
        var classes = SomeClasses(distinct ? _pictures.Classes.Count : MostClasses(count), ref random);
        var letters = _options.Letters.ToCharArray();
        random.Shuffle<char>(letters);

        // One class and one letter a block; which picture of the class is drawn for each cell.
        var classOfBlock = new int[count];
        for (var i = 0; i < count; i++) classOfBlock[i] = distinct ? classes[i % classes.Length] : classes[random.Next(classes.Length)];
        var shift = _options.Augment ? _painter.CellSide(side) / 16 : 0;
        var cells = new MosaicCell[count];
        for (var i = 0; i < count; i++)
        {
            var block = blocks[i];
            var cellClass = classOfBlock[block];
            var picture = random.Next(_pictures.Count(cellClass));
            var mirrored = _options.Augment && _pictures.Mirrors(cellClass) && random.Chance(0.5);
            cells[i] = new(cellClass, picture, side == 1 ? null : letters[block], block, mirrored,
                random.Next(-shift, shift), random.Next(-shift, shift));
        }
        return new(side, cells);
    }

    // About half of the classes, and fewer than the cells: some classes occur often, some don't occur.
    int MostClasses(int cells) => Math.Max(1, Math.Min((_pictures.Classes.Count + 1) / 2, (cells + 1) / 2));

    int[] SomeClasses(int most, ref DataRandom random)
    {
        var classes = Enumerable.Range(0, _pictures.Classes.Count).ToArray();
        random.Shuffle<int>(classes);
        return classes[..most];
    }

    static int[] Blocks(int side, bool coarse, ref DataRandom random)
    {
        var blocks = new int[side * side];
        var shape = coarse ? random.Next(4) : -1;
        for (var i = 0; i < blocks.Length; i++)
        {
            var (row, column) = (i / side, i % side);
            blocks[i] = shape switch
            {
                0 => row,
                1 => column,
                2 => row < (side + 1) / 2 ? 0 : 1,
                3 => column < (side + 1) / 2 ? 0 : 1,
                _ => i,
            };
        }
        return blocks;
    }
}
