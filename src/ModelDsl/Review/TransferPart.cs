using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Review;

/// <summary>A tensor in the plan of a transfer, as a reviewer reads it.</summary>
/// <param name="Name">Its name; within a layer where the part stands for several.</param>
/// <param name="Shape">Its shape, such as <c>4096 x 2048</c>.</param>
/// <param name="Fate">One word: what becomes of it, or how it begins.</param>
/// <param name="Text">The whole of that.</param>
sealed record TransferRow(string Name, string Shape, string Fate, string Text);

/// <summary>Tensors of one side: of layers in which the same happens, or those outside the layers.</summary>
/// <param name="Tower">The layers' tower; null outside the layers, and for a list of all tensors.</param>
/// <param name="Layers">The layers, by their index in the model.</param>
sealed record TransferPart(string? Tower, EquatableArray<int> Layers, EquatableArray<TransferRow> Rows)
{
    /// <summary>The student's side: how each tensor begins.</summary>
    public static IReadOnlyList<TransferPart> Of(TransferPlan plan, ResolvedModel student, bool full) => Parts(
        student, full,
        plan.StudentRows.Select(row => (row.Layer, row.Name,
            new TransferRow(row.Name, Shape(row.Shape), Words.Of(row.Kind), TensorLine.OriginText(row.Name, row.Origin)))));

    /// <summary>The teacher's side: what becomes of each tensor.</summary>
    public static IReadOnlyList<TransferPart> OfTeacher(TransferPlan plan, ResolvedModel teacher, bool full) => Parts(
        teacher, full,
        plan.TeacherRows.Select(row => (row.Layer, row.Name, new TransferRow(row.Name, Shape(row.Shape), Words.Of(row.Fate), Fate(row, full)))));

    static string Fate(TeacherRow row, bool full)
    {
        if (row.Fate == TeacherFate.Dropped) return $"dropped: {row.Reason}";
        var readers = row.Readers.Select(reader => full ? reader : TensorLine.WithinLayer(reader));
        return row.Readers.Count == 1 && row.Readers[0] == row.Name ? "copied" : "becomes " + string.Join(", ", readers);
    }

    static IReadOnlyList<TransferPart> Parts(ResolvedModel model, bool full, IEnumerable<(int Layer, string Name, TransferRow Row)> rows)
    {
        if (full) return [new(null, [], rows.Select(row => row.Row).ToEquatableArray())];
        var byLayer = rows.GroupBy(row => row.Layer, row => row.Layer < 0 ? row.Row : row.Row with { Name = TensorLine.WithinLayer(row.Name) })
            .Select(layer => (Layer: layer.Key, Tower: layer.Key < 0 ? null : model.Layers[layer.Key].Tower, Rows: layer.ToEquatableArray()));
        return [.. byLayer.GroupBy(layer => (layer.Tower, layer.Rows)).Select(alike => new TransferPart(
            alike.Key.Tower, alike.Select(layer => layer.Layer).Where(index => index >= 0).ToEquatableArray(), alike.Key.Rows))];
    }

    static string Shape(EquatableArray<long> shape) => string.Join(" x ", shape);
}
