using BenchmarkDotNet.Attributes;
using MmMamba.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Engine.Benchmarks;

/// <summary>The SSD scan beside the two forms that it stands between: the recurrence token by token, and all pairs of tokens at once.</summary>
[Config(typeof(EngineConfig)), MemoryDiagnoser(displayGenColumns: false)]
public class ScanBenchmarks
{
    const int Groups = 4, Heads = 8, Width = 64;

    readonly Generator _generator = new(1);
    Tensor _v = null!, _k = null!, _q = null!, _dt = null!, _a = null!;

    [Params(256, 1024)]
    public int Tokens { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        Tensor Drawn(params long[] shape) => randn(shape, generator: _generator).DetachFromDisposeScope();
        (_v, _k, _q) = (Drawn(1, Tokens, Groups, Width), Drawn(1, Tokens, Groups, Width), Drawn(1, Tokens, Heads, Width));
        _dt = (rand(1, Tokens, Heads, generator: _generator) * 0.1).DetachFromDisposeScope();
        _a = (-rand(Heads, generator: _generator) - 0.5).DetachFromDisposeScope();
        // Three ways to one result.
        using var scope = NewDisposeScope();
        var expected = SsdScan.Run(_v, _k, _q, _dt, _a, 64).Y;
        foreach (var other in (Tensor[])[RecurrentY(), QuadraticY()])
            if (!allclose(expected, other, 1e-3, 1e-3)) throw new InvalidOperationException("The forms of the scan differ.");
    }

    [Benchmark(Baseline = true)]
    public void Scan()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        SsdScan.Run(_v, _k, _q, _dt, _a, 64);
    }

    [Benchmark]
    public void Recurrent()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        RecurrentY();
    }

    [Benchmark]
    public void Quadratic()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        QuadraticY();
    }

    Tensor RecurrentY()
    {
        var state = zeros(1, Heads, Width, Width);
        var y = new Tensor[Tokens];
        for (var t = 0; t < Tokens; t++)
        {
            using var scope = NewDisposeScope();
            y[t] = SsdStep.Run(state, _v.select(1, t), _k.select(1, t), _q.select(1, t), _dt.select(1, t), _a).MoveToOuterDisposeScope();
        }
        return stack(y, 1);
    }

    Tensor QuadraticY()
    {
        var each = Heads / Groups;
        var decay = (_dt * _a).cumsum(1).squeeze(0).T;                                                    // (heads, T)
        var weights = (decay.unsqueeze(-1) - decay.unsqueeze(-2)).add_(CausalMask.Additive(Tokens, CPU)).exp_();
        Tensor ByHead(Tensor x) => x.squeeze(0).repeat_interleave(each, 1).transpose(0, 1);               // (heads, T, width)
        weights.mul_(_q.squeeze(0).transpose(0, 1).bmm(ByHead(_k).transpose(1, 2))).mul_(_dt.squeeze(0).T.unsqueeze(1));
        return weights.bmm(ByHead(_v)).transpose(0, 1).unsqueeze(0);
    }
}
