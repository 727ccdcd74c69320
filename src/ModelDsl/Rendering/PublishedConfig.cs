using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;
using static MmMamba.ModelDsl.Rendering.JsonText;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>
/// A model's <c>config.json</c> as the authors' released code expects it: <c>internvl_chat</c> for HoVLE's layout, <c>mmMamba_chat</c> for
/// mmMamba's. <see cref="PublishedConfigReader"/> is the way back.
/// </summary>
public static class PublishedConfig
{
    internal const string Teacher = "internvl_chat", Student = "mmMamba_chat";
    internal const string TeacherEmbedding = "holistic_embedding", StudentEmbedding = "mmMamba_embedding";
    internal const string Attention = "mha", Mamba2 = "mamba2", Template = "internlm2-chat";

    const string AttentionCode = "flash_attention_2";

    /// <summary>Why the authors' code has no configuration of a model; empty where it has.</summary>
    public static EquatableArray<string> Obstacles(ModelSpec model)
    {
        var found = new List<string>();
        var (each, first) = (model.Layers.Each(), 0);
        foreach (var placement in model.Layers.Placements)
            if (placement.Kind != MixerKinds.Attention && placement.Kind != MixerKinds.Mamba2) found.Add($"it has no {placement.Kind.Title} layers");
        foreach (var tower in model.Towers)
        {
            var layers = tower.Each().ToList();
            if (layers.Select(layer => (layer.Of<AttentionSpec>(), layer.NormEps, layer.MlpHidden)).Distinct().Count() > 1)
                found.Add($"all layers of {tower.Name} have the same heads, positions, norm and MLP there");
            var heads = layers[0].Of<AttentionSpec>();
            if (heads.Heads * heads.HeadDim != model.Hidden)
                found.Add($"heads times head_dim are hidden there, and not {heads.Heads} x {heads.HeadDim} of {model.Hidden}");
            if (layers.Where((_, i) => each[first + i].Kind == MixerKinds.Mamba2).Any(layer => !IsReleased(layer.Of<Mamba2Spec>())))
                found.Add($"its Mamba-2 mixer has a convolution of 2 taps, gate, gate norm and decay, and neither skip nor qk_norm, unlike {tower.Name}'s");
            first += tower.Layers;
        }
        return new(found.Distinct());
    }

    static bool IsReleased(Mamba2Spec mixer) => mixer is { Conv: 2, Gate: true, GateNorm: true, Decay: true, Skip: false, QkNorm: false };

    /// <summary>The file's text; lines end in <c>\n</c>.</summary>
    /// <param name="model">A model without <see cref="Obstacles"/>.</param>
    /// <param name="dtype">The weights' type as PyTorch calls it: <c>float32</c>, <c>bfloat16</c>, <c>float16</c>.</param>
    public static string Render(ModelSpec model, string dtype)
    {
        var released = model.Checkpoint == "mmmamba";
        var (chat, causal) = released ? ("mmMamba_chat.mmMambaChat", "mmMamba.mmMamba") : ("internvl_chat.InternVLChat", "internlm2.InternLM2");
        return new JsonText()
            .Field("architectures", released ? String("mmMambaChatModel") : List([String("InternVLChatModel")]))
            .Object("auto_map", fields => AutoMap(fields, chat, "Model"))
            .Field("downsample_ratio", Number(model.Vision.PixelShuffle))
            .Field("dynamic_image_size", Flag(model.Vision.MaxTiles > 1))
            .Object("embedding_config", fields => Embedding(fields, model, released))
            .Field("force_image_size", Number(model.Vision.Image))
            .Field("img_context_token_id", Number(model.Tokens.Image))
            .Object("llm_config", fields => Decoder(fields, model, released, causal, dtype))
            .Field("max_dynamic_patch", Number(model.Vision.MaxTiles))
            .Field("min_dynamic_patch", "1")
            .Field("model_type", String(released ? Student : Teacher))
            .Field("normalize_encoder_output", Flag(false))
            .Field("ps_version", String("v2"))
            .Field("select_layer", "-1")
            .Field("template", String(Template))
            .Field("tie_word_embeddings", Flag(false))
            .Field("torch_dtype", String(dtype))
            .Field("use_thumbnail", Flag(true))
            .ToString();
    }

    // "configuration_x.Config" and "modeling_x.Model", as transformers finds the code beside the weights.
    static void AutoMap(JsonText fields, string code, string model)
    {
        var (module, name) = (code.Substring(0, code.IndexOf('.')), code.Substring(code.IndexOf('.') + 1));
        fields.Field("AutoConfig", String($"configuration_{module}.{name}Config"))
            .Field("AutoModel", String($"modeling_{module}.{name}{model}"))
            .Field("AutoModelForCausalLM", String($"modeling_{module}.{name}{model}"));
    }

    static void Embedding(JsonText fields, ModelSpec model, bool released)
    {
        fields.Field("attention_bias", Flag(false))
            .Field("attention_dropout", "0.0")
            .Field("attn_implementation", String(AttentionCode))
            .Field("downsample_ratio", Number(model.Vision.PixelShuffle))
            .Field("image_size", Number(model.Vision.Image))
            .Field("img_context_token_id", Number(model.Tokens.Image))
            .Field("llm_hidden_size", Number(model.Hidden))
            .Field("llm_vocab_size", Number(model.Tokens.Vocab))
            .Field("mlp_bias", Flag(false))
            .Field("model_type", String(released ? StudentEmbedding : TeacherEmbedding))
            .Field("num_channels", "3")
            .Field("patch_size", Number(model.Vision.Patch))
            .Field("pixel_shuffle_loc", String("pre"))
            .Field("special_token_maps", "{}")
            .Field("use_autoregressive_loss", Flag(false))
            .Field("use_img_start_end_tokens", Flag(true))
            .Field("use_ls", Flag(false))
            .Field("use_pixel_shuffle_proj", Flag(true));
        Tower(fields, model, 0, released);
    }

    static void Decoder(JsonText fields, ModelSpec model, bool released, string code, string dtype)
    {
        fields.Field("architectures", released ? String("mmMambaForCausalLM") : List([String("InternLM2ForCausalLM")]))
            .Field("attn_implementation", String(AttentionCode))
            .Object("auto_map", map => AutoMap(map, code, "ForCausalLM"))
            .Field("bias", Flag(false))
            .Field("bos_token_id", "1")
            .Field("eos_token_id", "2")
            .Field("model_type", String(released ? "mmMamba" : "internlm2"))
            .Field("pad_token_id", "2")
            .Field("tie_word_embeddings", Flag(false))
            .Field("torch_dtype", String(dtype))
            .Field("use_cache", Flag(true))
            .Field("vocab_size", Number(model.Tokens.Vocab));
        Tower(fields, model, 1, released);
    }

    static void Tower(JsonText fields, ModelSpec model, int index, bool released)
    {
        var (tower, first) = (model.Towers[index], model.Towers.Take(index).Sum(tower => tower.Layers));
        var layer = tower.Each().First();
        var attention = layer.Of<AttentionSpec>();
        fields.Field("hidden_act", String("silu"))
            .Field("hidden_size", Number(model.Hidden))
            .Field("intermediate_size", Number(layer.MlpHidden));
        // Indices into both lists are local to the tower.
        if (released)
            fields.Field("layers_block_type", List(model.Layers.Each().Skip(first).Take(tower.Layers)
                .Select(placement => String(placement.Kind == MixerKinds.Mamba2 ? Mamba2 : Attention))));
        fields.Field("max_position_embeddings", Number(attention.MaxPositions))
            .Field("num_attention_heads", Number(attention.Heads))
            .Field("num_hidden_layers", Number(tower.Layers))
            .Field("num_key_value_heads", Number(attention.KvHeads))
            .Field("rms_norm_eps", Number(layer.NormEps))
            .Field("rope_scaling", attention.DynamicFactor is { } factor ? Inline(("factor", Float(factor)), ("type", String("dynamic"))) : "null")
            .Field("rope_theta", Float(attention.RopeTheta));
    }

    // The authors' code asks whether some of its numbers are Python's floats.
    static string Float(decimal value) => Number(value) is var text && text.Contains('.') ? text : text + ".0";
}
