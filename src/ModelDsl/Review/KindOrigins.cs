using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Review;

/// <summary>Where the tensors of layers with a new mixer come from, in a phrase: <c>query, key, value sliced; output copied; the rest drawn (mimic)</c>.</summary>
static class KindOrigins
{
    const string Prefix = "origin.";

    // What no mixer has a share in.
    static readonly string[] Around = ["norm", "mlp"];

    /// <summary>The phrase for layers, which are of one kind; null where nothing is known of them.</summary>
    public static string? Of(ModelFacts model, EquatableArray<LayerPlace> layers)
    {
        var origins = model.All
            .Where(fact => layers.Count > 0 && fact.Layer == layers[0] && fact.Path.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(fact => (Group: fact.Path.Substring(Prefix.Length), Kind: Kind(fact.Value)))
            .Where(origin => !Around.Contains(origin.Group))
            .ToList();
        if (origins.Count == 0) return null;
        var seed = model.Find("seed") is { } word ? $" ({word})" : "";
        var phrases = origins.GroupBy(origin => origin.Kind)
            .Select(kind => kind.Key == "drawn" && kind.Count() < origins.Count
                ? $"the rest drawn{seed}"
                : string.Join(", ", kind.Select(origin => origin.Group)) + " " + kind.Key + (kind.Key == "drawn" ? seed : ""));
        return string.Join("; ", phrases.OrderBy(phrase => phrase.StartsWith("the rest", StringComparison.Ordinal)));
    }

    // The word that an origin begins with.
    static string Kind(string origin) => origin.Split(',', ' ')[0];
}
