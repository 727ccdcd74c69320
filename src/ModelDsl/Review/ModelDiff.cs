using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Review;

/// <summary>A fact that is another in the second model, with all layers in which it changes alike.</summary>
/// <param name="Path">What it is about.</param>
/// <param name="Layers">The layers; none where it is about the whole model.</param>
/// <param name="Before">What was so; null where nothing was.</param>
/// <param name="After">What is so; null where nothing is.</param>
public sealed record Change(string Path, EquatableArray<LayerPlace> Layers, string? Before, string? After)
{
    /// <summary>The part of a model that changes.</summary>
    public FactArea Area => Fact.AreaOf(Path);
}

/// <summary>
/// What is different between two models, and what that means for what was trained. The difference of two models is that of their
/// facts; it mirrors that of the two in the other order.
/// </summary>
/// <param name="Before">The first model.</param>
/// <param name="After">The second model.</param>
/// <param name="Changes">What changes, meaning first, names and prose last.</param>
public sealed record ModelDiff(ModelFacts Before, ModelFacts After, EquatableArray<Change> Changes)
{
    /// <summary>Whether nothing is different.</summary>
    public bool IsEmpty => Changes.Count == 0;

    /// <summary>Whether names and prose are all that is different.</summary>
    public bool IsCosmetic => Changes.All(change => change.Area == FactArea.Cosmetics);

    /// <summary>Whether what was trained for the first model fits the second.</summary>
    public EquatableArray<Verdict> Verdicts => Verdict.Of(this);

    /// <summary>Compares two models.</summary>
    public static ModelDiff Of(ModelFacts before, ModelFacts after)
    {
        var (left, right) = (ByKey(before), ByKey(after));
        var places = before.All.Concat(after.All).Select(fact => fact.Layer).OfType<LayerPlace>().Distinct().ToArray();
        var rank = places.Select((place, i) => (place, i)).ToDictionary(pair => pair.place, pair => pair.i);
        var remade = new HashSet<LayerPlace>(places.Where(place => Value(left, "mixer", place) != Value(right, "mixer", place)));

        var changes = left.Keys.Concat(right.Keys).Distinct()
            .Select(key => (Key: key, Before: Value(left, key.Path, key.Layer), After: Value(right, key.Path, key.Layer)))
            .Where(pair => pair.Before != pair.After
                && !(pair.Key.Layer is { } place && Follows(pair.Key.Path, pair.Before is null || pair.After is null, remade.Contains(place))))
            .GroupBy(pair => (pair.Key.Path, pair.Before, pair.After), pair => pair.Key.Layer)
            .Select(group => new Change(
                group.Key.Path, group.OfType<LayerPlace>().OrderBy(place => rank[place]).ToEquatableArray(), group.Key.Before, group.Key.After));
        return new(before, after, changes
            .OrderBy(change => change.Area).ThenBy(change => change.Path, StringComparer.Ordinal)
            .ThenBy(change => change.Layers.Count == 0 ? -1 : rank[change.Layers[0]]).ToEquatableArray());
    }

    // Of a layer with another mixer, what only one of the two has follows from the mixer, as does where its tensors come from;
    // of a layer that is new or gone, everything follows from the size of its tower. A layer that keeps attention has a mixer's
    // settings for the first two stages just where there is a recipe.
    static bool Follows(string path, bool oneSided, bool remade) =>
        remade && (oneSided || path.StartsWith("origin.", StringComparison.Ordinal)) || oneSided && MixerKinds.Owner(path) == MixerKinds.Converted;

    static Dictionary<(string Path, LayerPlace? Layer), string> ByKey(ModelFacts facts)
    {
        var values = new Dictionary<(string, LayerPlace?), string>();
        foreach (var fact in facts.All) values[(fact.Path, fact.Layer)] = fact.Value;
        return values;
    }

    static string? Value(Dictionary<(string, LayerPlace?), string> facts, string path, LayerPlace? place) =>
        facts.TryGetValue((path, place), out var value) ? value : null;
}
