using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Rendering;

namespace MmMamba.ModelDsl.Review;

/// <summary>
/// All that is approved of a model, as one text: the sheet, the transfer plan, and the facts, from which the difference to a later
/// text is told by meaning. Where a spec's lines stand is left out: a comment changes no model.
/// </summary>
public static class ModelText
{
    /// <summary>The text; lines end in <c>\n</c>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="teacher">Its teacher; null where it has none.</param>
    /// <exception cref="ArgumentException">The teacher is missing, superfluous, or another than the model names.</exception>
    public static string Render(ResolvedModel model, ResolvedModel? teacher) =>
        DocumentText.Render(Sheet.Of(model, places: false))
        + (teacher is null ? "" : "\n" + TransferView.Text(model, teacher))
        + FactsText.Render(ModelFacts.Of(model, teacher));

    /// <summary>The difference in meaning between two texts; null where one has no facts, or the facts are the same.</summary>
    public static string? Difference(string before, string after)
    {
        if (FactsText.Parse(before) is not { } left || FactsText.Parse(after) is not { } right) return null;
        var diff = ModelDiff.Of(left, right);
        return diff.IsEmpty ? null : DiffView.Text(diff, Name(left, "approved"), Name(right, "received"));
    }

    static string Name(ModelFacts facts, string side) => facts.Find("model") is { } name ? $"{name} as {side}" : side;
}
