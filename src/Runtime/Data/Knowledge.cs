namespace MmMamba.Runtime.Data;

/// <summary>
/// What the turns of a conversation have told so far about its mosaic, and what follows from it: no turn asks for what is told.
/// Two kinds of facts are told: the class of a cell, and the number of cells of a class (exactly, or whether there are any).
/// </summary>
sealed class Knowledge
{
    const int Unknown = -1;

    readonly Mosaic _mosaic;
    readonly bool[] _cellTold;
    readonly int[] _located;
    readonly int[] _countTold;
    readonly bool[] _presentTold;

    public Knowledge(Mosaic mosaic, int classes)
    {
        _mosaic = mosaic;
        _cellTold = new bool[mosaic.Cells.Count];
        _located = new int[classes];
        _countTold = new int[classes];
        _countTold.AsSpan().Fill(Unknown);
        _presentTold = new bool[classes];
    }

    /// <summary>The class of a cell was told, and with it that of all cells of its block.</summary>
    public void TellCell(int cell)
    {
        for (var i = 0; i < _cellTold.Length; i++)
        {
            if (_cellTold[i] || _mosaic.Cells[i].Block != _mosaic.Cells[cell].Block) continue;
            _cellTold[i] = true;
            _located[_mosaic.Cells[i].Class]++;
        }
    }

    /// <summary>It was told whether a class is there.</summary>
    public void TellPresence(int classIndex)
    {
        if (_mosaic.CountOf(classIndex) == 0) _countTold[classIndex] = 0;
        else _presentTold[classIndex] = true;
    }

    /// <summary>It was told how many cells carry a class.</summary>
    public void TellCount(int classIndex) => _countTold[classIndex] = _mosaic.CountOf(classIndex);

    /// <summary>Classes that a cell may carry for all that was told; only its own once it was told.</summary>
    public IReadOnlyList<int> Candidates(int cell)
    {
        if (_cellTold[cell]) return [_mosaic.Cells[cell].Class];
        var full = Required() == Open();
        return [.. Enumerable.Range(0, _located.Length).Where(c => full ? Required(c) > 0 : MayGrow(c))];
    }

    /// <summary>Whether a cell's class is neither told nor follows.</summary>
    public bool IsOpen(int cell) => !_cellTold[cell] && Candidates(cell).Count > 1;

    /// <summary>Whether it is told, or follows, that a class is there or isn't.</summary>
    public bool KnowsPresence(int classIndex)
    {
        var (low, high) = Bounds(classIndex);
        return low > 0 || high == 0;
    }

    /// <summary>Whether it is told, or follows, how many cells carry a class; to have told that there are any is enough.</summary>
    public bool KnowsCount(int classIndex)
    {
        var (low, high) = Bounds(classIndex);
        return low == high || _presentTold[classIndex];
    }

    (int Low, int High) Bounds(int classIndex)
    {
        if (_countTold[classIndex] != Unknown) return (_countTold[classIndex], _countTold[classIndex]);
        var own = Required(classIndex);
        var high = _located[classIndex] + Open() - (Required() - own);
        // Where all other classes are counted, the open cells that are left are this one's.
        var alone = Enumerable.Range(0, _located.Length).All(c => c == classIndex || _countTold[c] != Unknown);
        return (alone ? high : _located[classIndex] + own, high);
    }

    // Cells that must still turn out to carry the class.
    int Required(int classIndex) =>
        _countTold[classIndex] != Unknown ? _countTold[classIndex] - _located[classIndex]
        : _presentTold[classIndex] && _located[classIndex] == 0 ? 1 : 0;

    int Required() => Enumerable.Range(0, _located.Length).Sum(Required);

    bool MayGrow(int classIndex) => _countTold[classIndex] == Unknown || _countTold[classIndex] > _located[classIndex];

    int Open() => _cellTold.Count(told => !told);
}
