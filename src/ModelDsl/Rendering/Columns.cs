namespace MmMamba.ModelDsl.Rendering;

/// <summary>Rows of cells that stand under each other.</summary>
/// <param name="alignment">A letter a column: <c>l</c> keeps to the left, <c>r</c> to the right.</param>
public sealed class Columns(string alignment)
{
    readonly List<string[]> _rows = [];

    public string Alignment => alignment;

    /// <summary>What the columns are, where they need a name.</summary>
    public string[]? Header { get; private set; }

    public IReadOnlyList<string[]> Rows => _rows;

    public Columns Titled(params string[] header)
    {
        Header = header;
        return this;
    }

    public Columns Row(params string[] cells)
    {
        _rows.Add(cells);
        return this;
    }
}
