using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>
/// Every tensor of a model, named as in the unfused checkpoint, in the order of the forward pass: vision, projector, text
/// embedding, embedding tower, the language model's own embedding, decoder tower, last norm, head.
/// </summary>
static class TensorTable
{
    /// <summary>What every mixer's tensors are called after their layer: it stands where attention stood.</summary>
    public const string MixerAt = "attention.";

    public static List<TensorSlot> Of(ModelSpec model, EquatableArray<ResolvedLayer> layers)
    {
        var slots = new List<TensorSlot>();
        Vision(slots, model);
        EquatableArray<long> table = [model.Tokens.Vocab, model.Hidden];
        slots.Add(new("embedding_model.llm_text_embeddings.weight", table, TensorGroup.Embedding, TensorRole.Weight, -1));
        Tower(slots, model.Hidden, layers, TowerNames.Embedding);
        slots.Add(new("language_model.model.tok_embeddings.weight", table, TensorGroup.Embedding, TensorRole.Weight, -1));
        Tower(slots, model.Hidden, layers, TowerNames.Decoder);
        slots.Add(new("language_model.model.norm.weight", [model.Hidden], TensorGroup.Norm, TensorRole.Scale, -1));
        slots.Add(new("language_model.output.weight", table, TensorGroup.Head, TensorRole.Weight, -1));
        return slots;
    }

    static void Vision(List<TensorSlot> slots, ModelSpec model)
    {
        const string at = "embedding_model.vision_embeddings.", projector = "embedding_model.pixel_shuffle_proj.";
        var (hidden, vision) = (model.Hidden, model.Vision);
        long side = vision.Image / vision.Patch;
        var merged = (long)Math.Round(1 / (vision.PixelShuffle * vision.PixelShuffle));
        slots.Add(new(at + "class_embedding", [1, 1, hidden], TensorGroup.Patch, TensorRole.Weight, -1));
        slots.Add(new(at + "patch_embedding.weight", [hidden, 3, vision.Patch, vision.Patch], TensorGroup.Patch, TensorRole.Weight, -1));
        slots.Add(new(at + "patch_embedding.bias", [hidden], TensorGroup.Patch, TensorRole.Bias, -1));
        // Row 0 is the class position's.
        slots.Add(new(at + "position_embedding", [1, side * side + 1, hidden], TensorGroup.Position, TensorRole.Weight, -1));
        slots.Add(new(projector + "0.weight", [hidden, merged * hidden], TensorGroup.Projector, TensorRole.Weight, -1));
        slots.Add(new(projector + "0.bias", [hidden], TensorGroup.Projector, TensorRole.Bias, -1));
        slots.Add(new(projector + "2.weight", [hidden, hidden], TensorGroup.Projector, TensorRole.Weight, -1));
        slots.Add(new(projector + "2.bias", [hidden], TensorGroup.Projector, TensorRole.Bias, -1));
    }

    static void Tower(List<TensorSlot> slots, int hidden, EquatableArray<ResolvedLayer> layers, string tower)
    {
        foreach (var layer in layers)
        {
            if (layer.Tower != tower) continue;
            var at = TowerNames.Prefix(layer);
            slots.Add(new(at + "attention_norm.weight", [hidden], TensorGroup.Norm, TensorRole.Scale, layer.Index));
            foreach (var tensor in layer.Mixer.Tensors(hidden))
                slots.Add(new(at + MixerAt + tensor.Name, tensor.Shape, tensor.Group, tensor.Role, layer.Index));
            slots.Add(new(at + "ffn_norm.weight", [hidden], TensorGroup.Norm, TensorRole.Scale, layer.Index));
            slots.Add(new(at + "feed_forward.w1.weight", [layer.MlpHidden, hidden], TensorGroup.Mlp, TensorRole.Weight, layer.Index));
            slots.Add(new(at + "feed_forward.w2.weight", [hidden, layer.MlpHidden], TensorGroup.Mlp, TensorRole.OutputWeight, layer.Index));
            slots.Add(new(at + "feed_forward.w3.weight", [layer.MlpHidden, hidden], TensorGroup.Mlp, TensorRole.Weight, layer.Index));
        }
    }

    /// <summary>Whether a tensor belongs to the mixer of its layer: projections, what Mamba-2 introduced, the output projection.</summary>
    public static bool InMixer(TensorGroup group) => group is <= TensorGroup.QkNorm or TensorGroup.Qkv;
}
