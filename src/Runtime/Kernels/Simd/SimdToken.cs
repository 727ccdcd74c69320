using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Simd;

/// <summary>
/// One decoded token of a single sequence on the CPU, in vector code over the model's own weights and the cache's own buffers, which it advances. A call of libtorch
/// costs some microseconds, as much as a product of a small model's matrix; and its products of one bfloat16 vector are slower than memory.
/// </summary>
sealed unsafe class SimdToken
{
    readonly VisionLanguageModel _model;
    readonly ModelCache _cache;
    readonly Layer[] _layers;
    readonly StoredRows _embedding, _head;
    readonly SmallTensor _norm;
    readonly Dictionary<RotaryEmbedding, Angles> _angles = [];
    readonly Room _stream, _normed, _projected, _mixed, _inner, _output;

    SimdToken(VisionLanguageModel model, ModelCache cache)
    {
        (_model, _cache) = (model, cache);
        _layers = [.. model.Layers.Select(layer => new Layer(layer))];
        (_embedding, _head, _norm) = (StoredRows.Of(model.Embedding), StoredRows.Of(model.Head), new(model.Norm.Weight));
        var hidden = model.Plan.HiddenSize;
        (_stream, _normed, _output) = (new(hidden), new(hidden), new(hidden));
        _projected = new(_layers.Max(layer => layer.Projections.Sum(rows => rows.Count)));
        _mixed = new(_layers.Max(layer => layer.Output.Width));
        _inner = new(2 * _layers.Max(layer => layer.Up.Count));
    }

    /// <summary>How single tokens of a cache are read so; null where they are not, with the reason.</summary>
    public static SimdToken? Create(VisionLanguageModel model, ModelCache cache, out string? reason)
    {
        reason = cache.Refusal is { } refusal ? refusal
            : cache.Batch != 1 ? "there are several sequences"
            : !model.Tensors.Values.All(StoredRows.Takes) ? "weights are not all float32 or bfloat16 on the CPU"
            : model.Layers.FirstOrDefault(layer => layer is not (AttentionLayer or SlidingWindowLayer or Mamba2Layer)) is { } other ? $"layer {other.Plan.Index} is {other.Plan.Mixer.Word}"
            : null;
        return reason is null ? new(model, cache) : null;
    }

    /// <summary>Reads one token behind those in the cache, which is advanced.</summary>
    /// <param name="id">The token; no image token.</param>
    /// <returns>Logits (vocab) in float32, and the most likely next token, of equals the one of least id.</returns>
    public (Tensor Logits, int Picked) Read(int id)
    {
        // Weights are read where they lie: those of a model that is gone lie nowhere.
        ObjectDisposedException.ThrowIf(_model.Head.IsInvalid, _model);
        var position = _cache.Length;
        _cache.Advance(1, null);
        foreach (var angles in _angles.Values) angles.IsKnown = false;
        _embedding.Read(id, _stream.At);
        for (var i = 0; i < _layers.Length; i++) Run(_layers[i], _cache[i], position);
        Norm(_norm, _model.Plan.Layers[^1].NormEps);
        var logits = empty([_head.Count], ScalarType.Float32);
        var first = StoredRows.Of(logits).Singles;
        Products("head", [_head], _normed.At, first);
        GC.KeepAlive(_model);
        return (logits, MostLikely(new(first, _head.Count)));
    }

    void Run(Layer layer, LayerCache cache, long position)
    {
        var (plan, hidden) = (layer.Plan, _model.Plan.HiddenSize);
        Norm(layer.Norm, plan.NormEps);
        Products(layer.ProjectionTerm, layer.Projections, _normed.At, _projected.At);
        if (layer.Ssm is not null)
        {
            layer.Ssm.Run((Mamba2State)cache, _projected.At, _mixed.At);
            var (mamba2, state) = ((Mamba2Plan)plan.Mixer, 2L * plan.Mixer.Heads * plan.Mixer.HeadDim * plan.Mixer.HeadDim);
            if (mamba2.Conv > 0) Work.Done("mamba2.conv", 2L * (plan.Mixer.Heads + 2 * plan.Mixer.KvHeads) * plan.Mixer.HeadDim * mamba2.Conv);
            Work.Done("ssd.update", state);
            Work.Done("ssd.read", state);
        }
        else
        {
            var seen = Attend.Step(plan.Mixer, cache, _projected.At, AnglesOf(layer.Rotary!, position), _mixed.At);
            Work.Done(plan.Mixer.Word + ".scores", 2L * plan.Mixer.Heads * plan.Mixer.HeadDim * seen);
            Work.Done(plan.Mixer.Word + ".values", 2L * plan.Mixer.Heads * plan.Mixer.HeadDim * seen);
        }
        Products(layer.OutputTerm, [layer.Output], _mixed.At, _output.At);
        Pointwise.Add(_stream.At, _output.At, hidden);

        Norm(layer.MlpNorm, plan.NormEps);
        SwiGlu(layer);
        Products("mlp.w2", [layer.Down], _inner.At, _output.At);
        Pointwise.Add(_stream.At, _output.At, hidden);
    }

    void Norm(SmallTensor weight, double eps)
    {
        var hidden = _model.Plan.HiddenSize;
        Pointwise.RmsNorm(_stream.At, eps, _normed.At, hidden);
        Pointwise.Multiply(_normed.At, weight.Now, hidden);
    }

    // Matrices one below the other, as one product.
    static void Products(string term, StoredRows[] matrices, float* x, float* y)
    {
        var rows = matrices.Sum(matrix => matrix.Count);
        var numbers = (long)rows * matrices[0].Width;
        Work.Done(term, 2 * numbers);
        Cores.Split(rows, numbers, (first, end) =>
        {
            var before = 0;
            foreach (var matrix in matrices)
            {
                var (from, to) = (Math.Max(first - before, 0), Math.Min(end - before, matrix.Count));
                if (from < to) matrix.From(from, to - from).Products(x, y + before + from);
                before += matrix.Count;
            }
        });
    }

    void SwiGlu(Layer layer)
    {
        float* x = _normed.At, gate = _inner.At, up = gate + layer.Up.Count;
        var numbers = (long)layer.Up.Count * layer.Up.Width;
        Work.Done("mlp.w1", 2 * numbers);
        Work.Done("mlp.w3", 2 * numbers);
        Cores.Split(layer.Up.Count, 2 * numbers, (first, end) =>
        {
            layer.Gate.From(first, end - first).Products(x, gate + first);
            layer.Up.From(first, end - first).Products(x, up + first);
            Pointwise.Silu(gate + first, end - first);
            Pointwise.Multiply(gate + first, up + first, end - first);
        });
    }

    float* AnglesOf(RotaryEmbedding rotary, long position)
    {
        if (!_angles.TryGetValue(rotary, out var angles)) _angles.Add(rotary, angles = new(rotary));
        return angles.At(position);
    }

    static int MostLikely(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var id = 1; id < logits.Length; id++)
            if (logits[id] > logits[best]) best = id;
        return best;
    }

    /// <summary>A layer's weights where they lie.</summary>
    sealed class Layer(DecoderLayer layer)
    {
        public LayerPlan Plan => layer.Plan;
        public SmallTensor Norm { get; } = new(layer.Norm.Weight);
        public SmallTensor MlpNorm { get; } = new(layer.MlpNorm.Weight);
        public StoredRows Gate { get; } = StoredRows.Of(layer.Mlp.Weights.Gate);
        public StoredRows Up { get; } = StoredRows.Of(layer.Mlp.Weights.Up);
        public StoredRows Down { get; } = StoredRows.Of(layer.Mlp.Weights.Down);
        public StoredRows Output { get; } = StoredRows.Of(layer.Output);
        public string OutputTerm => layer.OutputTerm;
        public string ProjectionTerm { get; } = layer is Mamba2Layer ? "mamba2.projections" : layer.Plan.Mixer.Word + ".wqkv";
        public SsmStep? Ssm { get; } = layer is Mamba2Layer mamba2 ? new((Mamba2Plan)mamba2.Plan.Mixer, mamba2.Mixer) : null;
        public RotaryEmbedding? Rotary { get; } = Attention(layer)?.Rotary;

        public StoredRows[] Projections { get; } = layer is Mamba2Layer mamba2
            ? [.. mamba2.Mixer.Projections.Select(StoredRows.Of)]
            : [StoredRows.Of(Attention(layer)!.Projection)];

        static GroupedQueryAttention? Attention(DecoderLayer layer) => layer switch
        {
            AttentionLayer all => all.Attention,
            SlidingWindowLayer window => window.Attention.Inner,
            _ => null,
        };
    }

    /// <summary>Cosines and sines of a token's position, made once for all layers of a kind.</summary>
    sealed class Angles(RotaryEmbedding rotary)
    {
        readonly Room _room = new(rotary.HeadDim);
        float[]? _frequencies;
        bool _grown;

        public bool IsKnown { get; set; }

        public float* At(long position)
        {
            if (IsKnown) return _room.At;
            // What has grown shrinks again where a cache goes back.
            var grows = rotary.Grows(position + 1);
            if (_frequencies is null || grows || _grown) (_frequencies, _grown) = (rotary.Frequencies(position + 1), grows);
            for (var i = 0; i < _frequencies.Length; i++) (_room.At[i + rotary.HeadDim / 2], _room.At[i]) = MathF.SinCos(position * _frequencies[i]);
            IsKnown = true;
            return _room.At;
        }
    }
}
