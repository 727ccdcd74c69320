using System.Text;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>Rows of cells, padded so that columns stand under each other; no line ends in spaces.</summary>
/// <param name="alignment">A letter a column: <c>l</c> keeps to the left, <c>r</c> to the right.</param>
sealed class Columns(string alignment)
{
    const string Indent = "  ", Gap = "  ";

    readonly List<string[]> _rows = [];

    public Columns Row(params string[] cells)
    {
        _rows.Add(cells);
        return this;
    }

    public void AppendTo(StringBuilder text)
    {
        var widths = alignment.Select((_, column) => _rows.Max(row => column < row.Length ? row[column].Length : 0)).ToArray();
        foreach (var row in _rows)
        {
            var line = string.Join(Gap, row.Select((cell, i) => alignment[i] == 'r' ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i])));
            text.Append(Indent).Append(line.TrimEnd()).Append('\n');
        }
    }
}
