using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Native;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime;

/// <summary>
/// A vision-language model as its plan describes it: tokens and tiles to embeddings, all layers, a norm, logits. Its parameters
/// are the plan's tensors under their checkpoint names, each made once by the source and never moved.
/// </summary>
public class VisionLanguageModel : nn.Module
{
    readonly Dictionary<string, Parameter> _tensors = [];
    readonly DecoderLayer[] _layers;
    readonly RmsNorm _norm;
    readonly Parameter _embedding, _head;

    /// <param name="plan">What to build.</param>
    /// <param name="source">Where parameters come from; decides device and type.</param>
    /// <exception cref="InputException">The plan lacks a tensor that a layer needs, or the source gives one of another shape.</exception>
    public VisionLanguageModel(ModelPlan plan, ParameterSource source) : base(plan.Name)
    {
        Plan = plan;
        (Device, Dtype) = (source.Device, source.Dtype);
        foreach (var tensor in plan.Tensors) _tensors.Add(tensor.Name, Taken(source, tensor));
        ParameterTree.Register(this, _tensors);
        _layers = [.. plan.Layers.Select(layer => DecoderLayer.Create(layer, new(
            plan.Tensors, layer.Index, _tensors, $"Layer {layer.Index} of {plan.Name} ({layer.Source})")))];
        _norm = new(Of("language_model.model.norm.weight"), plan.Layers[^1].NormEps);
        _embedding = Of("embedding_model.llm_text_embeddings.weight");
        _head = Of("language_model.output.weight");
        Vision = new(plan.Vision, _tensors);
    }

    /// <summary>What the model is.</summary>
    public ModelPlan Plan { get; }

    /// <summary>Parameters by checkpoint name, in the plan's order.</summary>
    public IReadOnlyDictionary<string, Parameter> Tensors => _tensors;

    /// <summary>All layers, input side first.</summary>
    public IReadOnlyList<DecoderLayer> Layers => _layers;

    /// <summary>The head (vocab, H), which <see cref="Logits"/> applies.</summary>
    public Parameter Head => _head;

    /// <summary>The tokens' embeddings (vocab, H).</summary>
    internal Parameter Embedding => _embedding;

    /// <summary>The norm after the last layer.</summary>
    internal RmsNorm Norm => _norm;

    /// <summary>Where the parameters live and the work is done.</summary>
    public Device Device { get; }

    /// <summary>Type of parameters and activations.</summary>
    public ScalarType Dtype { get; }

    /// <summary>
    /// Type in which caches that are made from now on hold the states of Mamba-2 layers: float32, or bfloat16 as in the released code, where each token's rounding stays in the state.
    /// They are computed in float32 either way.
    /// </summary>
    /// <exception cref="InputException">It is set to another type.</exception>
    public ScalarType StateDtype
    {
        get;
        set => field = value is ScalarType.Float32 or ScalarType.BFloat16 ? value : throw new InputException($"States are held in float32 or bfloat16, and not in {value}.");
    } = ScalarType.Float32;

    /// <summary>Tiles to visual tokens.</summary>
    public VisionEmbedding Vision { get; }

    /// <summary>The layer at an index, as its type.</summary>
    protected T Layer<T>(int index) where T : DecoderLayer => (T)_layers[index];

    /// <summary>Logits (B, T, vocab) in float32 for every token of the input.</summary>
    /// <param name="input">Tokens, tiles, mask, positions.</param>
    /// <param name="cache">What was seen before; is advanced by these tokens, and nothing is recorded for gradients. Null begins anew.</param>
    /// <exception cref="InputException">The input does not fit the model.</exception>
    public Tensor Forward(ModelInput input, ModelCache? cache = null)
    {
        using var scope = NewDisposeScope();
        return Logits(Hidden(input, cache)).MoveToOuterDisposeScope();
    }

    /// <summary>The residual stream after the last norm (B, T, H): what <see cref="Logits"/> reads.</summary>
    /// <inheritdoc cref="Forward"/>
    public Tensor Hidden(ModelInput input, ModelCache? cache = null)
    {
        using var scope = NewDisposeScope();
        if (cache is null) return HiddenFrom(0, null, input).MoveToOuterDisposeScope();
        using var guard = no_grad();
        return HiddenFrom(0, null, input, cache).MoveToOuterDisposeScope();
    }

    /// <summary>The stream after the last layer (B, T, H), normed as <see cref="Logits"/> reads it.</summary>
    internal Tensor Normed(Tensor stream) => _norm.Forward(stream);

    /// <summary>Logits (..., vocab) in float32 of normed hidden states (..., H).</summary>
    public Tensor Logits(Tensor hidden)
    {
        using var scope = NewDisposeScope();
        return Work.Linear("head", hidden, _head).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The residual stream (B, T, H) that enters the first layer: token embeddings, with visual tokens where the image token's id stands. It is float32
    /// whatever the parameters are: every layer adds to it twice, and each addition in half precision would round it.
    /// </summary>
    /// <exception cref="InputException">Ids, tiles or their number do not fit the model.</exception>
    public Tensor Embed(ModelInput input)
    {
        using var scope = NewDisposeScope();
        Check(input.InputIds);
        var expected = (input.InputIds.eq(HeldNumber.Of(Plan.Tokens.Image))).sum().item<long>();
        if (input.PixelValues is not { } pixels || pixels.shape[0] == 0)
            return expected == 0
                ? Embed(input.InputIds, null).MoveToOuterDisposeScope()
                : throw new InputException($"The input has {expected} image tokens (id {Plan.Tokens.Image}) and no tiles. Give the tiles, or leave the tokens out.");
        var visual = Vision.Forward(pixels.to(Device)).flatten(0, 1);
        if (visual.shape[0] != expected)
            throw new InputException(
                $"{pixels.shape[0]} tiles give {visual.shape[0]} visual tokens, and the input has {expected} image tokens (id {Plan.Tokens.Image}). Their numbers must be equal.");
        return Embed(input.InputIds, visual).MoveToOuterDisposeScope();
    }

    /// <summary>The stream (B, T, H) of ids (B, T), of which as many are image tokens as there are visual tokens (n, H).</summary>
    internal Tensor Embed(Tensor inputIds, Tensor? visual)
    {
        using var scope = NewDisposeScope();
        var ids = inputIds.to(Device);
        var embedded = _embedding.index_select(0, ids.flatten()).unflatten(0, ids.shape).to(ScalarType.Float32);
        if (visual is null) return embedded.MoveToOuterDisposeScope();
        return embedded.masked_scatter(ids.eq(HeldNumber.Of(Plan.Tokens.Image)).unsqueeze(-1), visual.to(ScalarType.Float32)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Runs the model without gradients and shows each layer's mixer input and output: the trajectory that mixers are distilled from.
    /// </summary>
    public void Trace(ModelInput input, Action<LayerTrace> onLayer)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var last = _layers.Length - 1;
        using var x = Entering(input, null, over: false, shown: false);
        using var window = Window(input, null);
        Through(x, window, null, onLayer, null, 0, last, default);
        _layers[last].Show(x, window, onLayer); // nothing reads what the last layer would do with it
    }

    /// <summary>An empty cache for a batch of sequences.</summary>
    /// <param name="batch">Sequences.</param>
    /// <param name="maxTokens">Tokens of prompt and answer together.</param>
    public virtual ModelCache CreateCache(int batch, int maxTokens) => new(this, batch, maxTokens);

    /// <summary>
    /// <see cref="Hidden(ModelInput, ModelCache?)"/> of a run that begins at a layer, with the stream (B, T, H) that enters it; null embeds the input.
    /// </summary>
    internal Tensor HiddenFrom(int first, Tensor? stream, ModelInput input, ModelCache? cache = null, bool over = false)
    {
        using var scope = NewDisposeScope();
        using var x = Entering(input, stream, over, shown: false);
        using var window = Window(input, cache);
        Through(x, window, cache, null, null, first, _layers.Length, default);
        return x.NormedLast(_norm).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Reads a pass of a prompt: takes it up in the cache, and gives the normed hidden states (n, H) of some of its positions. What follows the last layer's mixer is computed for them alone.
    /// </summary>
    /// <param name="stream">What enters the first layer (B, T, H); is written over.</param>
    /// <param name="positions">Of all sequences, one behind the other (n), int64; null for none, and nothing is given.</param>
    /// <exception cref="OperationCanceledException">Cancelled between two layers: the first ones have advanced their caches, the others have not.</exception>
    internal Tensor? Read(Tensor stream, ModelInput input, ModelCache cache, Tensor? positions, CancellationToken cancellation)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        using var x = Entering(input, stream, over: true, shown: false);
        using var window = Window(input, cache);
        var last = _layers.Length - 1;
        Through(x, window, cache, null, null, 0, last, cancellation);
        _layers[last].End(x, window, cache[last], positions);
        cancellation.ThrowIfCancellationRequested();
        return positions is null ? null : x.NormedLast(_norm).squeeze(0).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The stream (B, T, H) after layer <paramref name="end"/> - 1. <paramref name="onOutput"/> is shown the stream after each layer; it
    /// lives until the callback returns.
    /// </summary>
    /// <param name="first">The first layer that is run.</param>
    /// <param name="end">The first that is not; null runs all.</param>
    /// <param name="stream">What enters the first layer; null embeds the input.</param>
    internal Tensor Run(
        ModelInput input, ModelCache? cache, Action<LayerTrace>? onLayer, Action<int, Tensor>? onOutput,
        int first = 0, int? end = null, Tensor? stream = null)
    {
        using var scope = NewDisposeScope();
        using var x = Entering(input, stream, over: false, shown: onOutput is not null);
        using var window = Window(input, cache);
        Through(x, window, cache, onLayer, onOutput, first, end ?? _layers.Length, default);
        var after = x.Take();
        scope.Attach(after);
        return after.MoveToOuterDisposeScope();
    }

    ResidualStream Entering(ModelInput input, Tensor? stream, bool over, bool shown) => new(stream?.alias() ?? Embed(input), own: over || stream is null, shown);

    void Through(
        ResidualStream x, TokenWindow window, ModelCache? cache, Action<LayerTrace>? onLayer, Action<int, Tensor>? onOutput, int first, int end, CancellationToken cancellation)
    {
        for (var i = first; i < end; i++)
        {
            _layers[i].Forward(x, window, cache?[i], onLayer);
            onOutput?.Invoke(i, x.Value);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    TokenWindow Window(ModelInput input, ModelCache? cache)
    {
        var (batch, length) = (input.InputIds.shape[0], input.InputIds.shape[1]);
        if (input.Packing is { } packing)
        {
            if (batch != 1 || length != packing.Tokens || input.AttentionMask is not null || input.PositionIds is not null || cache is not null)
                throw new InputException(
                    $"The input packs {packing.Sequences} sequences of {packing.Tokens} tokens in all into ids of ({batch}, {length}); packed tokens stand in one row, without mask, positions and cache.");
            return new(packing, Device);
        }
        if (input.AttentionMask is { } given) CheckMask(given, batch, length);
        var mask = input.AttentionMask?.to(Device).to(ScalarType.Bool);
        var positions = input.PositionIds?.to(Device);
        if (cache is null) return new(length, Device, 0, positions ?? (mask is null ? null : Counted(mask)), mask, mask);

        if (cache.Batch != batch || cache.Length + length > cache.MaxTokens || cache.Count != _layers.Length)
            throw new InputException(
                $"The cache is for {cache.Batch} sequences of {cache.MaxTokens} tokens in {cache.Count} layers; the input brings {batch} sequences to {cache.Length + length} tokens in {_layers.Length} layers. Create a cache that fits.");
        var past = cache.Length;
        cache.Advance(length, mask);
        if (positions is null && cache.Real is not null) positions = Counted(cache.Real).narrow(1, past, length);
        return new(length, Device, past, positions, mask, cache.Real);
    }

    // Positions of real tokens: how many real ones stand before.
    static Tensor Counted(Tensor real) => real.cumsum(1, ScalarType.Int64).sub(HeldNumber.Of(1)).clamp_min(HeldNumber.Of(0));

    // Where ids are at hand without a copy from a device, a wrong one is named instead of failing inside libtorch.
    void Check(Tensor ids)
    {
        if (ids.dim() != 2 || ids.dtype != ScalarType.Int64 || ids.numel() == 0)
            throw new InputException($"Token ids are {ids.dtype} ({string.Join(", ", ids.shape)}); expected Int64 (batch, tokens) with at least one token.");
        if (ids.device_type != DeviceType.CPU) return;
        var (least, greatest) = (ids.min().item<long>(), ids.max().item<long>());
        if (least < 0 || greatest >= Plan.Tokens.Vocab)
            throw new InputException($"Token id {(least < 0 ? least : greatest)} is outside the vocabulary of {Plan.Tokens.Vocab}. The tokenizer is another model's.");
    }

    // As with ids: what is at hand is looked at. A pad before a real token would be taken for one by attention.
    static void CheckMask(Tensor mask, long batch, long length)
    {
        if (mask.dim() != 2 || mask.shape[0] != batch || mask.shape[1] != length)
            throw new InputException($"The attention mask is ({string.Join(", ", mask.shape)}); the input has ({batch}, {length}) tokens, and the mask is of their shape.");
        if (mask.device_type != DeviceType.CPU || length == 1) return;
        using var scope = NewDisposeScope();
        var real = mask.to(ScalarType.Bool);
        if (real.narrow(1, 1, length - 1).logical_and(real.narrow(1, 0, length - 1).logical_not()).any().item<bool>())
            throw new InputException("The attention mask has a pad before a real token; pads stand on the right. ForwardPass takes them anywhere.");
    }

    Parameter Of(string name) => _tensors.TryGetValue(name, out var found)
        ? found
        : throw new InputException($"The plan of {Plan.Name} has no tensor '{name}'. Resolve the spec again.");

    static Parameter Taken(ParameterSource source, TensorPlan tensor)
    {
        var parameter = source.Take(tensor);
        // A checkpoint holds a second table of embeddings that no pass reads: on a GPU it would be a part of the memory for nothing.
        if (tensor.Name == "language_model.model.tok_embeddings.weight" && parameter.device_type == DeviceType.CUDA)
            using (var placed = parameter)
            using (no_grad())
            {
                parameter = new Parameter(placed.cpu(), requires_grad: false);
                parameter.DetachFromDisposeScope();
            }
        return parameter.shape.AsSpan().SequenceEqual(tensor.Shape.AsSpan())
            ? parameter
            : throw new InputException(
                $"Tensor '{tensor.Name}' is {string.Join('x', parameter.shape)}; the plan expects {string.Join('x', tensor.Shape)}. The weights are another model's.");
    }

    const string NeverMoved = "A VisionLanguageModel is not moved or cast: that would part it from its optimizer. Give the device and the type to its ParameterSource.";

    /// <summary>Not supported: device and type are the parameter source's.</summary>
    protected override nn.Module _to(Device device, ScalarType dtype, bool non_blocking) => throw new NotSupportedException(NeverMoved);

    /// <inheritdoc cref="_to(Device, ScalarType, bool)"/>
    protected override nn.Module _to(DeviceType deviceType, int deviceIndex, bool non_blocking) => throw new NotSupportedException(NeverMoved);

    /// <inheritdoc cref="_to(Device, ScalarType, bool)"/>
    protected override nn.Module _to(ScalarType dtype, bool non_blocking) => throw new NotSupportedException(NeverMoved);
}
