using MmMamba.ModelDsl.Rendering;
using static MmMamba.ModelDsl.Rendering.JsonText;

namespace MmMamba.ModelDsl.Review;

/// <summary>A difference for programs: the same bytes on every machine.</summary>
public static class DiffJson
{
    /// <summary>The difference as JSON.</summary>
    /// <param name="diff">The difference.</param>
    /// <param name="before">What the first model is called here.</param>
    /// <param name="after">What the second is called.</param>
    public static string Render(ModelDiff diff, string before, string after) => new JsonText()
        .Field("before", String(before))
        .Field("after", String(after))
        .Field("equal", Flag(diff.IsEmpty))
        .Field("cosmetic", Flag(!diff.IsEmpty && diff.IsCosmetic))
        .Lines("trained", Trained(diff))
        .Lines("changes", Changes(diff))
        .ToString();

    internal static IEnumerable<string> Trained(ModelDiff diff) => diff.Verdicts.Select(verdict => Inline(
        ("artefact", String(verdict.Artefact)), ("fit", String(Words.Of(verdict.Fit))), ("reason", String(verdict.Reason))));

    internal static IEnumerable<string> Changes(ModelDiff diff) => diff.Changes.Select(change => Inline(
        ("area", String(Words.Of(change.Area))), ("path", String(change.Path)),
        ("layers", List(change.Layers.Select(place => String(FormattableString.Invariant($"{place.Tower}[{place.Index}]"))))),
        ("before", String(change.Before)), ("after", String(change.After))));
}
