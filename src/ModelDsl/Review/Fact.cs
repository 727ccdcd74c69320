namespace MmMamba.ModelDsl.Review;

/// <summary>A layer by its tower and its index in it, as overrides name it: <c>decoder[3]</c>.</summary>
public readonly record struct LayerPlace(string Tower, int Index);

/// <summary>One thing that is so in a model.</summary>
/// <param name="Path">What it is about: the path of the spec's key, where the spec has one.</param>
/// <param name="Layer">The layer that it is about; null for the whole model.</param>
/// <param name="Value">Its canonical text on one line; free text stands in quotes, escaped as in JSON.</param>
public sealed record Fact(string Path, LayerPlace? Layer, string Value)
{
    /// <summary>The part of a model that a path belongs to.</summary>
    public static FactArea AreaOf(string path) => (path.IndexOf('.') is var dot and >= 0 ? path.Substring(0, dot) : path) switch
    {
        "towers" or "mixer" => FactArea.Layers,
        "teacher" or "seed" or "origin" or "dropped" => FactArea.Transfer,
        "distill" => FactArea.Recipe,
        "parameters" or "tensors" or "trained" or "bytes" => FactArea.Figures,
        "fingerprint" or "converted_fingerprint" => FactArea.Identity,
        "model" or "summary" or "file" or "extends" or "reported" => FactArea.Cosmetics,
        _ => FactArea.Settings,
    };
}

/// <summary>What facts are about, in the order in which a reviewer asks.</summary>
public enum FactArea
{
    /// <summary>Towers, and which mixer each layer has.</summary>
    Layers,
    /// <summary>Sizes, switches, inputs, the layout on disk.</summary>
    Settings,
    /// <summary>Teacher, seed, where each tensor comes from.</summary>
    Transfer,
    /// <summary>Optimizer, schedule, stages.</summary>
    Recipe,
    /// <summary>Counts and bytes that follow from the rest.</summary>
    Figures,
    /// <summary>Fingerprints.</summary>
    Identity,
    /// <summary>Names, prose, published figures: nothing that a model computes.</summary>
    Cosmetics,
}
