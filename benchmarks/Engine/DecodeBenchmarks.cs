using BenchmarkDotNet.Attributes;
using MmMamba.Runtime;
using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Kernels.Simd;
using MmMamba.Runtime.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Engine.Benchmarks;

/// <summary>
/// One decoded token beside its matrix products alone: those of libtorch, one call a matrix, and those of the vector code. What is measured is a token; 32 of them are
/// read from the same place again and again.
/// </summary>
[Config(typeof(EngineConfig)), MemoryDiagnoser(displayGenColumns: false)]
public unsafe class DecodeBenchmarks
{
    const int Past = 256, Tokens = 32;

    VisionLanguageModel _model = null!;
    Sequences _sequences = null!;
    ModelCache _plain = null!;
    CacheMark _mark = null!, _plainMark = null!;
    (Tensor Matrix, StoredRows Rows, Tensor Rounded, Tensor X, Tensor Y)[] _products = [];
    Prompt[] _next = [];
    ModelInput _nextInput = null!;

    [Params("TinyHovle", "TinyMmMambaHybrid", "TinyMmMambaLinear", "MiddleMmMambaHybrid")]
    public string Model { get; set; } = "";

    [Params(ScalarType.Float32, ScalarType.BFloat16)]
    public ScalarType Type { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _model = Models.Open(Model, Type);
        _sequences = new(_model, 1, Past + Tokens);
        _plain = _model.CreateCache(1, Past + Tokens);
        int[] prompt = [.. Enumerable.Range(0, Past).Select(i => i % 900)];
        _sequences.Read([new(prompt)]).Dispose();
        _model.Forward(new(tensor(prompt.Select(id => (long)id).ToArray()).unsqueeze(0)), _plain).Dispose();
        (_mark, _plainMark) = (_sequences.Mark(), _plain.Mark());
        _next = [new([1])];
        _nextInput = new(tensor([1L]).unsqueeze(0));
        _products = [.. _model.Layers.SelectMany(Matrices).Append(_model.Head).Select(matrix =>
            (matrix, StoredRows.Of(matrix), ones(1, matrix.shape[1], Type).DetachFromDisposeScope(), ones(matrix.shape[1]).DetachFromDisposeScope(), zeros(matrix.shape[0]).DetachFromDisposeScope()))];
    }

    static IEnumerable<Tensor> Matrices(DecoderLayer layer) =>
    [
        .. layer is Mamba2Layer mamba2 ? mamba2.Mixer.Projections : [((AttentionLayer)layer).Attention.Projection],
        layer.Output, layer.Mlp.Weights.Gate, layer.Mlp.Weights.Up, layer.Mlp.Weights.Down,
    ];

    [Benchmark(Baseline = true, OperationsPerInvoke = Tokens)]
    public void ProductsOfLibtorch()
    {
        using var guard = no_grad();
        for (var i = 0; i < Tokens; i++)
            foreach (var (matrix, _, x, _, _) in _products) nn.functional.linear(x, matrix).Dispose();
    }

    [Benchmark(OperationsPerInvoke = Tokens)]
    public void ProductsOfVectorCode()
    {
        for (var i = 0; i < Tokens; i++)
            foreach (var (_, rows, _, x, y) in _products)
            {
                float* from = StoredRows.Of(x).Singles, to = StoredRows.Of(y).Singles;
                Cores.Split(rows.Count, (long)rows.Count * rows.Width, (first, end) => rows.From(first, end - first).Products(from, to + first));
            }
    }

    [Benchmark(OperationsPerInvoke = Tokens)]
    public void TokenOfPlainOperations()
    {
        _plainMark.Return();
        for (var i = 0; i < Tokens; i++)
        {
            using var scope = NewDisposeScope();
            _model.Forward(_nextInput, _plain);
        }
    }

    [Benchmark(OperationsPerInvoke = Tokens)]
    public void Token()
    {
        _mark.Return();
        for (var i = 0; i < Tokens; i++) _sequences.Read(_next).Dispose();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _mark.Dispose();
        _plainMark.Dispose();
        _sequences.Dispose();
        _plain.Dispose();
        _model.Dispose();
    }
}
