using System.Runtime.InteropServices;
using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Native;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>
/// One decoded token of a single sequence as launches that were captured once and are replayed: over the model's own weights and the cache's own buffers, which
/// they advance. What a replay reads beside them, the token and its position, lies in memory, so that the same launches serve every token.
/// </summary>
sealed class CapturedToken : IDisposable
{
    const int Threads = 256, RowsOfBlock = Threads / 32, StepThreads = 1024;
    // Parts that a token's keys and values are cut into: with the heads enough blocks for every multiprocessor.
    const int LeastParts = 32;

    readonly VisionLanguageModel _model;
    readonly ModelCache _cache;
    readonly IKernelDevice _device;
    readonly DecodeKernels _kernels;
    readonly ICapturedLaunches _launches;
    readonly Tensor _stream, _projected, _mixed, _inner, _logits, _sums, _weights, _input, _picked;
    readonly int _parts;

    CapturedToken(VisionLanguageModel model, ModelCache cache, IKernelDevice device)
    {
        (_model, _cache, _device) = (model, cache, device);
        _kernels = new(model, device);
        var mixers = model.Plan.Layers.Select(layer => layer.Mixer).ToArray();
        var (mixed, heads, width) = (mixers.Max(mixer => mixer.Heads * mixer.HeadDim), mixers.Max(mixer => mixer.Heads), mixers.Max(mixer => mixer.HeadDim));
        _parts = Math.Max(LeastParts, 2 * device.Multiprocessors / mixers.Min(mixer => mixer.KvHeads));
        _stream = Buffer(model.Plan.HiddenSize);
        _projected = Buffer(model.Layers.Max(layer => Projections(layer).Sum(weight => weight.shape[0])));
        _mixed = Buffer(mixed);
        _inner = Buffer(model.Plan.Layers.Max(layer => layer.MlpHidden));
        _logits = Buffer(model.Plan.Tokens.Vocab);
        _sums = Buffer((long)heads * _parts * width);
        _weights = Buffer(2L * heads * _parts);
        _input = zeros([2], ScalarType.Int64, model.Device).DetachFromDisposeScope();
        _picked = zeros([1], ScalarType.Int64, model.Device).DetachFromDisposeScope();
        _launches = device.Capture(_input, _picked, Capture);
    }

    /// <summary>The launches for a cache; null where there are none, with the reason.</summary>
    public static CapturedToken? Create(VisionLanguageModel model, ModelCache cache, out string? reason)
    {
        if (KernelDevice.Of(model.Device, out reason) is not { } device) return null;
        reason = cache.Batch != 1 ? "there are several sequences" : DecodeKernels.Refusal(model);
        if (reason is not null) return null;
        using var guard = no_grad();
        try
        {
            return new(model, cache, device);
        }
        catch (InvalidOperationException error)
        {
            reason = error.Message.ReplaceLineEndings(" ");
            return null;
        }
    }

    /// <summary>Logits (vocab) of the last token that was read, float32; overwritten by the next one.</summary>
    public Tensor Logits => _logits;

    /// <summary>Reads one token behind those in the cache, which is advanced.</summary>
    /// <param name="id">The token; no image token.</param>
    /// <returns>The most likely next one, of equals the one of least id.</returns>
    public int Read(int id)
    {
        long[] input = [id, _cache.Length];
        _cache.Advance(1, null);
        for (var i = 0; i < _cache.Count; i++) (_cache[i] as KvCache)?.Advance(1);
        Span<long> picked = [0];
        _launches.Run(input, picked);
        return (int)(uint.MaxValue - (uint)picked[0]);
    }

    void Capture(nint stream)
    {
        var (first, last) = (_kernels[_model.Plan.Layers[0]], _kernels[_model.Plan.Layers[^1]]);
        var hidden = _model.Plan.HiddenSize;
        first.Launch(stream, "embed", ((hidden + Threads - 1) / Threads, 1), Threads, 0, _input, _model.Embedding, _stream, _picked);
        foreach (var (layer, cache) in _model.Layers.Zip(_cache))
        {
            if (layer is Mamba2Layer mamba2) Mix(stream, mamba2, (Mamba2State)cache);
            else Mix(stream, (AttentionLayer)layer, (KvCache)cache);
            var (gate, up, down) = layer.Mlp.Weights;
            _kernels[layer.Plan].Launch(stream, "swiglu", Blocks(layer.Plan.MlpHidden, 4), Threads, 0, gate, up, _stream, layer.MlpNorm.Weight, (float)layer.Plan.NormEps, _inner);
            _kernels[layer.Plan].Launch(stream, "mlp_output", Blocks(hidden, 2), Threads, 0, down, _inner, _stream);
        }
        var vocab = _model.Plan.Tokens.Vocab;
        last.Launch(stream, "logits", Blocks(vocab, 4), Threads, 0, _model.Head, vocab, _stream, _model.Norm.Weight, (float)_model.Plan.Layers[^1].NormEps, _logits, _picked);
    }

    void Mix(nint stream, Mamba2Layer layer, Mamba2State state)
    {
        var (kernels, plan) = (_kernels[layer.Plan], (Mamba2Plan)layer.Plan.Mixer);
        var (convWeight, convBias, dtBias, decay, skip, gateNorm) = layer.Mixer.Others;
        Project(stream, layer);
        kernels.Launch(
            stream, "ssm_step", (plan.Heads, 1), StepThreads, 0, _projected, state.Conv, convWeight, convBias, dtBias, decay, skip, gateNorm, (float)plan.NormEps, state.Ssm, _mixed);
        kernels.Launch(stream, "ssm_output", Blocks(_model.Plan.HiddenSize, 2), Threads, 0, layer.Output, _mixed, _projected, state.Conv, _stream);
    }

    void Mix(nint stream, AttentionLayer layer, KvCache cache)
    {
        var (kernels, plan) = (_kernels[layer.Plan], (AttentionPlan)layer.Plan.Mixer);
        var (keys, values) = cache.Buffers;
        using var position = _input.narrow(0, 1, 1);
        Project(stream, layer);
        kernels.Launch(stream, "attend", (plan.KvHeads, _parts), Threads, 0, _projected, position, keys, values, keys.shape[2], _sums, _weights);
        kernels.Launch(stream, "combine", (plan.Heads, 1), Math.Min(Threads, plan.HeadDim), 0, _sums, _weights, _parts, _mixed);
        kernels.Launch(stream, "attention_output", Blocks(_model.Plan.HiddenSize, 2), Threads, 0, layer.Output, _mixed, _stream);
    }

    void Project(nint stream, DecoderLayer layer)
    {
        var matrices = Matrices.Of(Projections(layer));
        _kernels[layer.Plan].Launch(
            stream, "project", Blocks(matrices.Rows, 4), Threads, 0, KernelArgument.Of(matrices), matrices.Rows, _stream, layer.Norm.Weight, (float)layer.Plan.NormEps, _projected);
    }

    static IReadOnlyList<Tensor> Projections(DecoderLayer layer) => layer is Mamba2Layer mamba2 ? mamba2.Mixer.Projections : [((AttentionLayer)layer).Attention.Projection];

    // A warp has a row at a time; more blocks than run at once would load their vector for nothing.
    (int X, int Y) Blocks(int rows, int ofMultiprocessor) => (Math.Min((rows + RowsOfBlock - 1) / RowsOfBlock, _device.Multiprocessors * ofMultiprocessor), 1);

    Tensor Buffer(long size) => zeros([size], ScalarType.Float32, _model.Device).DetachFromDisposeScope();

    /// <summary>Frees launches and buffers.</summary>
    public void Dispose()
    {
        _launches.Dispose();
        _kernels.Dispose();
        foreach (var buffer in (Tensor[])[_stream, _projected, _mixed, _inner, _logits, _sums, _weights, _input, _picked]) buffer.Dispose();
    }

    /// <summary>Matrices (rows, H) one below the other, as the kernel takes them.</summary>
    [StructLayout(LayoutKind.Sequential)]
    struct Matrices
    {
        const int Most = 5;
        Addresses _at;
        Ends _end;

        public readonly int Rows => _end[Most - 1];

        public static Matrices Of(IReadOnlyList<Tensor> weights)
        {
            var (matrices, rows) = (default(Matrices), 0);
            for (var i = 0; i < Most; i++)
            {
                if (i < weights.Count)
                {
                    matrices._at[i] = StableAbi.Address(weights[i]);
                    rows += (int)weights[i].shape[0];
                }
                matrices._end[i] = rows;
            }
            return matrices;
        }

        [System.Runtime.CompilerServices.InlineArray(Most)]
        struct Addresses { nint _first; }

        [System.Runtime.CompilerServices.InlineArray(Most)]
        struct Ends { int _first; }
    }
}
