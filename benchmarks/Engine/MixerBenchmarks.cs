using BenchmarkDotNet.Attributes;
using MmMamba.Runtime;
using MmMamba.Runtime.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Engine.Benchmarks;

/// <summary>A Mamba-2 mixer beside the attention that it was made of, over whole sequences.</summary>
[Config(typeof(EngineConfig)), MemoryDiagnoser(displayGenColumns: false)]
public class MixerBenchmarks
{
    VisionLanguageModel _teacher = null!, _student = null!;
    Tensor _input = null!;

    [Params("Tiny", "Middle")]
    public string Size { get; set; } = "";

    [Params(256, 1024)]
    public int Tokens { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        (_teacher, _student) = (Models.Open(Size + "Hovle"), Models.Open(Size + "MmMambaLinear"));
        _input = randn(1, Tokens, _teacher.Plan.HiddenSize).DetachFromDisposeScope();
    }

    [Benchmark(Baseline = true)]
    public void Mamba2() => Mix(_student);

    [Benchmark]
    public void Attention() => Mix(_teacher);

    void Mix(VisionLanguageModel model)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var window = new TokenWindow(Tokens, CPU);
        model.Layers[0].Mix(_input, window);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _teacher.Dispose();
        _student.Dispose();
    }
}
