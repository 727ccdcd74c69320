namespace MmMamba.ModelDsl.Architecture;

/// <summary>The towers of a published checkpoint, and how its tensor names begin in each.</summary>
static class TowerNames
{
    public const string Embedding = "embedding", Decoder = "decoder";

    public static string Prefix(ResolvedLayer layer) => layer.Tower switch
    {
        Embedding => $"embedding_model.encoder.{layer.LocalIndex}.",
        Decoder => $"language_model.model.layers.{layer.LocalIndex}.",
        _ => throw new ArgumentException($"A tower is 'embedding' or 'decoder', not '{layer.Tower}'.", nameof(layer)),
    };
}
