using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>
/// One more token of every sequence of a batch as launches that were captured once and are replayed: over the model's own weights and the cache's own buffers, which
/// they advance. What a replay reads beside them, the tokens and where they stand, lies in memory, so that the same launches serve every step.
/// </summary>
sealed class CapturedStep : IDisposable
{
    /// <summary>Stands for the token of a sequence that reads none.</summary>
    public const int Rests = -1;

    const int Threads = 256, StepThreads = 1024;
    // Parts that a sequence's keys and values are cut into: with the heads and sequences enough blocks for every multiprocessor, and no more than run at once.
    const int LeastParts = 32, LeastPartsOfSeveral = 2;

    readonly VisionLanguageModel _model;
    readonly ModelCache _cache;
    readonly DecodeKernels _kernels;
    readonly StepProducts _products;
    readonly ICapturedLaunches _launches;
    readonly Tensor _sums, _weights, _input;
    readonly Tensor? _marks;
    readonly int _parts;
    readonly long[] _given, _picked;

    CapturedStep(VisionLanguageModel model, ModelCache cache, IKernelDevice device, BatchShape? shape)
    {
        (_model, _cache) = (model, cache);
        var several = cache.Batch;
        try
        {
            _kernels = new(model, device, shape);
            _products = shape is null ? new VectorProducts(model, _kernels, device.Multiprocessors) : new BatchProducts(model, _kernels, shape, device.Multiprocessors);
            var mixers = model.Plan.Layers.Select(layer => layer.Mixer).ToArray();
            _parts = Math.Max(shape is null ? LeastParts : LeastPartsOfSeveral, 2 * device.Multiprocessors / (several * mixers.Min(mixer => mixer.KvHeads)));
            var parts = several * mixers.Max(mixer => (long)mixer.Heads) * _parts;
            _sums = zeros([parts, mixers.Max(mixer => mixer.HeadDim)], ScalarType.Float32, model.Device).DetachFromDisposeScope();
            _weights = zeros([parts, 2], ScalarType.Float32, model.Device).DetachFromDisposeScope();
            (_given, _picked) = (new long[2 * several + 1], new long[several]);
            _input = zeros([_given.Length], ScalarType.Int64, model.Device).DetachFromDisposeScope();
            // All memory is there before: nothing may be asked of libtorch while launches are recorded.
            _marks = several > 1 ? cache.Marks : null;
            _launches = device.Capture(_input, _products.Picked, Capture);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The launches for a cache; null where there are none, with the reason.</summary>
    public static CapturedStep? Create(VisionLanguageModel model, ModelCache cache, out string? reason) =>
        KernelDevice.Of(model.Device, out reason) is { } device ? Create(model, cache, device, out reason) : null;

    /// <summary>The launches for a cache, on a device.</summary>
    public static CapturedStep? Create(VisionLanguageModel model, ModelCache cache, IKernelDevice device, out string? reason)
    {
        var sources = cache.Batch > 1 ? KernelSource.DecodeBatch : KernelSource.Decode;
        reason = cache.Refusal;
        reason ??= !device.RunsUnproven && !sources.All(source => source.HasPassed) ? "its kernels have not passed their tests on a GPU" : null;
        reason ??= DecodeKernels.Refusal(model) ?? (cache.Batch > 1 ? Refusal(model, cache.Batch, device) : null);
        if (reason is not null) return null;
        using var guard = no_grad();
        try
        {
            return new(model, cache, device, cache.Batch > 1 ? BatchShape.Of(model.Plan, model.Dtype, cache.Batch, device.MostShared) : null);
        }
        catch (InvalidOperationException error)
        {
            reason = error.Message.ReplaceLineEndings(" ");
            return null;
        }
    }

    static string? Refusal(VisionLanguageModel model, int sequences, IKernelDevice device) =>
        sequences > BatchShape.Most ? FormattableString.Invariant($"there are more than {BatchShape.Most} sequences")
        : device.Capability < 80 ? "the GPU has no matrix products of bfloat16"
        : BatchShape.Of(model.Plan, model.Dtype, sequences, device.MostShared) is null ? "its vectors do not fit into a multiprocessor's memory"
        : null;

    /// <summary>Logits (sequences, vocab) of the tokens that were read last, float32, 0 of sequences that rested; overwritten by the next step.</summary>
    public Tensor Logits => _products.Logits;

    /// <summary>Whether it reads on where the cache holds pads.</summary>
    public bool TakesPads => _marks is not null;

    /// <summary>Reads one more token of each sequence behind those in the cache, which is advanced.</summary>
    /// <param name="ids">Each sequence's token, no image token, or <see cref="Rests"/>.</param>
    /// <param name="positions">How many tokens each sequence has read before.</param>
    /// <param name="picked">Is given the most likely next one of each, of equals the one of least id.</param>
    public void Read(ReadOnlySpan<int> ids, ReadOnlySpan<int> positions, Span<int> picked)
    {
        var place = _cache.Length;
        _cache.Advance(anyRests: ids.Contains(Rests));
        for (var i = 0; i < _cache.Count; i++) (_cache[i] as KvCache)?.Advance(1);
        Replay(ids, positions, place, picked);
    }

    /// <summary>Runs the launches.</summary>
    /// <param name="place">Where the tokens' keys and values go in the cache.</param>
    public void Replay(ReadOnlySpan<int> ids, ReadOnlySpan<int> positions, long place, Span<int> picked)
    {
        for (var i = 0; i < ids.Length; i++) (_given[i], _given[ids.Length + i]) = (ids[i], positions[i]);
        _given[^1] = place;
        _launches.Run(_given, _picked);
        for (var i = 0; i < picked.Length; i++) picked[i] = (int)(uint.MaxValue - (uint)_picked[i]);
    }

    void Capture(nint stream)
    {
        using var scope = NewDisposeScope();
        var (hidden, several) = (_model.Plan.HiddenSize, _cache.Batch);
        var (tokens, positions, place) = (_input.narrow(0, 0, several), _input.narrow(0, several, several), _input.narrow(0, 2 * several, 1));
        _kernels[_model.Plan.Layers[0]].Launch(
            stream, "embed", ((hidden + Threads - 1) / Threads, several), Threads, 0,
            tokens, place, _model.Embedding, _products.Stream, _products.Picked, _marks, (long)_cache.MaxTokens);
        _products.Begin(stream);
        foreach (var (layer, cache) in _model.Layers.Zip(_cache))
        {
            _products.Project(stream, layer);
            var state = cache as Mamba2State;
            if (state is not null) Mix(stream, (Mamba2Layer)layer, state, tokens);
            else Mix(stream, (AttentionLayer)layer, (KvCache)cache, tokens, positions, place);
            _products.Output(stream, layer, tokens, state?.Conv);
            _products.Mlp(stream, layer);
        }
        _products.Head(stream);
    }

    void Mix(nint stream, Mamba2Layer layer, Mamba2State state, Tensor tokens)
    {
        var plan = (Mamba2Plan)layer.Plan.Mixer;
        var (convWeight, convBias, dtBias, decay, skip, gateNorm) = layer.Mixer.Others;
        _kernels[layer.Plan].Launch(
            stream, "ssm_step", (plan.Heads, _cache.Batch), StepThreads, 0,
            tokens, _products.Projected, state.Conv, convWeight, convBias, dtBias, decay, skip, gateNorm, (float)plan.NormEps, state.Ssm, _products.Mixed);
    }

    void Mix(nint stream, AttentionLayer layer, KvCache cache, Tensor tokens, Tensor positions, Tensor place)
    {
        var (kernels, plan) = (_kernels[layer.Plan], (AttentionPlan)layer.Plan.Mixer);
        var (keys, values) = cache.Buffers;
        kernels.Launch(
            stream, "attend", (plan.KvHeads * _cache.Batch, _parts), Threads, 0,
            _products.Projected, tokens, positions, place, _marks, keys, values, keys.shape[2], _sums, _weights);
        kernels.Launch(stream, "combine", (plan.Heads * _cache.Batch, 1), Math.Min(Threads, (plan.HeadDim + 31) / 32 * 32), 0, tokens, _sums, _weights, _parts, _products.Mixed);
    }

    /// <summary>Frees launches and buffers.</summary>
    public void Dispose()
    {
        // Of one that was made by halves some are missing.
        foreach (var own in (IDisposable?[])[_launches, _kernels, _products, _sums, _weights, _input]) own?.Dispose();
    }
}
