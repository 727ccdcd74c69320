using System.Globalization;
using System.Text;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;
using static MmMamba.ModelDsl.Rendering.PublishedConfig;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>What a <c>config.json</c> was read to.</summary>
/// <param name="Spec">The text of a spec that means the same model; null where there are faults.</param>
/// <param name="Faults">What is missing, contradicts itself or is not supported, each with its line and column.</param>
public sealed record ReadConfig(string? Spec, EquatableArray<string> Faults);

/// <summary>
/// Reads the <c>config.json</c> of a published HoVLE or mmMamba checkpoint to a spec. A key that is left out has the default of the authors'
/// code. It says nothing of a teacher or a recipe: the spec is a model's, without them.
/// </summary>
public sealed class PublishedConfigReader
{
    readonly List<string> _faults = [];
    readonly ConfigSection _root;
    readonly ConfigSection? _embedding, _decoder;

    PublishedConfigReader(MappingNode root)
    {
        _root = new(root, "", _faults);
        (_embedding, _decoder) = (_root.Section("embedding_config"), _root.Section("llm_config"));
    }

    /// <summary>Reads a file's text; any text gives a result, never an exception.</summary>
    /// <param name="name">The model's name in the spec.</param>
    /// <param name="text">The text of a <c>config.json</c>.</param>
    public static ReadConfig Read(string name, string text)
    {
        var (root, _, problems) = SpecReader.Read(PublishedFile, text);
        if (root is null || problems.Count > 0)
            return new(null, new(problems.Select(found => FormattableString.Invariant($"line {found.Span.StartLine}, column {found.Span.StartColumn}: {found.Message}"))));
        var reader = new PublishedConfigReader(root);
        var spec = reader.Spec(name);
        return reader._faults.Count > 0 ? new(null, new(reader._faults.Distinct())) : new(spec, []);
    }

    const string PublishedFile = "config.json";

    string Spec(string name)
    {
        if (_embedding is null || _decoder is null)
        {
            _root.Require(_embedding is null ? "embedding_config" : "llm_config", false, "is missing; HoVLE's and mmMamba's configurations have both");
            return "";
        }
        var type = _root.Word("model_type") ?? (_embedding.Word("model_type") == StudentEmbedding ? Student : Teacher);
        _root.Require("model_type", type is Teacher or Student, $"is not {Teacher} (HoVLE) or {Student}");
        CheckSupported(_embedding, _decoder);
        CheckConsistent(_embedding, _decoder);
        var towers = new[] { Tower.Read(_embedding, type == Student, 4096, 0.00001m), Tower.Read(_decoder, type == Student, 2048, 0.000001m) };
        var keep = towers.SelectMany(tower => tower.Kinds).Select((kind, index) => (kind, index)).Where(layer => layer.kind == Attention).Select(layer => layer.index).ToList();
        var count = towers.Sum(tower => tower.Kinds.Count);
        var image = _embedding.Whole("image_size", 224);

        var text = new StringBuilder();
        void Line(string line) => text.Append(line).Append('\n');
        Line("mmmodel: 1");
        Line($"model: {name}");
        Line($"summary: Read from {PublishedFile} ({type}).");
        Line(FormattableString.Invariant($"tokens: {{ vocab: {_decoder.Whole("vocab_size")}, image: {ImageToken(_embedding)}, template: internlm2_chat }}"));
        Line(FormattableString.Invariant($"vision: {{ image: {image}, patch: {_embedding.Whole("patch_size", 14)}, max_tiles: {MaxTiles()}, ")
            + $"pixel_shuffle: {CanonicalValue.Of(_embedding.Number("downsample_ratio", 0.5m))}, projector: gelu_mlp, normalize: imagenet }}");
        Line("towers:");
        Line(FormattableString.Invariant($"  - embedding: {towers[0].Kinds.Count}"));
        Line($"  - decoder: {towers[1].Over(towers[0], keep.Count > 0)}");
        Line(FormattableString.Invariant($"hidden: {_embedding.Whole("hidden_size")}"));
        foreach (var line in towers[0].Lines(keep.Count > 0)) Line(line);
        Line("layers: " + (keep.Count == count ? "attention" : keep.Count == 0 ? "mamba2" : $"{{ mamba2: rest, attention: {{ at: [{Figures.Indices(keep)}] }} }}"));
        Line($"checkpoint: {(type == Student ? "mmmamba" : "hovle")}");
        return text.ToString();
    }

    void CheckSupported(ConfigSection embedding, ConfigSection decoder)
    {
        const string No = "is on, which is not supported";
        foreach (var (section, key) in new[]
        {
            (embedding, "use_ls"), (embedding, "attention_bias"), (embedding, "mlp_bias"), (embedding, "use_autoregressive_loss"),
            (decoder, "bias"), (decoder, "tie_word_embeddings"), (_root, "normalize_encoder_output"),
        })
            section.Require(key, !section.Flag(key, false), No);
        embedding.Require("use_pixel_shuffle_proj", embedding.Flag("use_pixel_shuffle_proj", true), "is off, which is not supported");
        embedding.Require("pixel_shuffle_loc", embedding.Word("pixel_shuffle_loc") is null or "pre", "is HoVLE's HD form, which is not supported; expected pre");
        embedding.Require("special_token_maps", !embedding.IsFilled("special_token_maps"), "is not empty, which is not supported");
        embedding.Require("num_channels", embedding.Whole("num_channels", 3) == 3, "is not 3");
        foreach (var section in new[] { embedding, decoder }) section.Require("hidden_act", section.Word("hidden_act") is null or "silu", "is not silu");
        _root.Require("template", _root.Word("template") is null or Template, $"is not {Template}");
    }

    // What the file says twice it says alike.
    void CheckConsistent(ConfigSection embedding, ConfigSection decoder)
    {
        var hidden = embedding.Whole("hidden_size");
        decoder.Require("hidden_size", decoder.Whole("hidden_size") == hidden, "is not embedding_config's");
        embedding.Require("llm_hidden_size", embedding.Whole("llm_hidden_size", hidden) == hidden, "is not hidden_size");
        embedding.Require("llm_vocab_size", embedding.Whole("llm_vocab_size", decoder.Whole("vocab_size")) == decoder.Whole("vocab_size"), "is not llm_config.vocab_size");
        _root.Require("force_image_size", !_root.Has("force_image_size") || _root.Whole("force_image_size") == embedding.Whole("image_size", 224), "is not embedding_config.image_size");
        _root.Require("downsample_ratio", _root.Number("downsample_ratio", embedding.Number("downsample_ratio", 0.5m)) == embedding.Number("downsample_ratio", 0.5m), "is not embedding_config's");
        _root.Require("img_context_token_id", _root.Whole("img_context_token_id", ImageToken(embedding)) == ImageToken(embedding), "is not embedding_config's");
    }

    static int ImageToken(ConfigSection embedding) => embedding.Whole("img_context_token_id", 92546);

    int MaxTiles() => _root.Flag("dynamic_image_size", true) ? _root.Whole("max_dynamic_patch", 12) : 1;

    /// <summary>What the layers of a tower have in common.</summary>
    sealed record Tower(IReadOnlyList<string> Kinds, string Attention, string Norm, string Mlp)
    {
        public static Tower Read(ConfigSection section, bool released, int maxPositions, decimal normEps)
        {
            var (hidden, heads, layers) = (section.Whole("hidden_size"), section.Whole("num_attention_heads"), section.Whole("num_hidden_layers"));
            section.Require("num_attention_heads", heads > 0 && hidden % heads == 0, "does not divide hidden_size");
            var kinds = released ? section.Words("layers_block_type") : [.. Enumerable.Repeat(PublishedConfig.Attention, Math.Max(0, Math.Min(layers, 4096)))];
            section.Require("layers_block_type", kinds.All(kind => kind is PublishedConfig.Attention or Mamba2), $"holds something else than {PublishedConfig.Attention} and {Mamba2}");
            if (section.Has("layers_block_type")) section.Require("layers_block_type", kinds.Count == layers, "has not num_hidden_layers items");
            // What a student keeps of attention has plain positions, whatever its configuration took over from its teacher.
            var dynamic = released ? null : Dynamic(section);
            var rope = $"theta: {CanonicalValue.Of(section.Number("rope_theta", 10_000m))}, "
                + FormattableString.Invariant($"max_positions: {section.Whole("max_position_embeddings", maxPositions)}") + (dynamic is null ? "" : $", dynamic: {dynamic}");
            return new(
                kinds,
                FormattableString.Invariant($"attention: {{ heads: {heads}, kv_heads: {section.Whole("num_key_value_heads", heads)}, head_dim: {hidden / Math.Max(1, heads)}, ") + $"rope: {{ {rope} }} }}",
                $"norm: {{ rms: {CanonicalValue.Of(section.Number("rms_norm_eps", normEps))} }}",
                FormattableString.Invariant($"mlp: {{ swiglu: {section.Whole("intermediate_size")} }}"));
        }

        static string? Dynamic(ConfigSection section)
        {
            if (section.Section("rope_scaling") is not { } scaling) return null;
            section.Require("rope_scaling", (scaling.Word("type") ?? scaling.Word("rope_type")) == "dynamic", "is of another type than dynamic, which is not supported");
            return CanonicalValue.Of(scaling.Number("factor"));
        }

        public IEnumerable<string> Lines(bool readsPositions) => [Norm, Mlp, Attention + Allowed(readsPositions)];

        /// <summary>The tower as one that differs from another in what it says itself.</summary>
        public string Over(Tower shared, bool readsPositions)
        {
            string[] own = [.. new[] { (Norm, shared.Norm), (Mlp, shared.Mlp), (Attention, shared.Attention) }.Where(pair => pair.Item1 != pair.Item2).Select(pair => pair.Item1)];
            var layers = Kinds.Count.ToString(CultureInfo.InvariantCulture);
            return own.Length == 0 ? layers : $"{{ layers: {layers}, {string.Join(", ", own)} }}" + (own.Contains(Attention) ? Allowed(readsPositions) : "");
        }

        // Positions that no layer reads belong to the heads, which all layers have.
        static string Allowed(bool readsPositions) => readsPositions ? "" : "  # mmmodel: allow MMD080, as the configuration says it";
    }
}
