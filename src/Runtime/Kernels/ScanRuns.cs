using System.Diagnostics;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Native;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>
/// The state-space scan of a Mamba-2 mixer by itself, from a state to a state over drawn inputs, to be timed: in kernels of our own where they run (bfloat16), otherwise in plain operations
/// (bfloat16 inputs on a GPU, float32 elsewhere).
/// </summary>
public sealed class ScanRuns : IDisposable
{
    // Written between timed runs on a GPU: more than its cache holds, and time enough for launches to be ahead of it.
    const long Swept = 512L << 20;

    readonly Mamba2Plan _plan;
    readonly Device _device;
    readonly ScanKernels? _kernels;
    readonly IKernelModule? _module;
    readonly (Tensor Vkq, Tensor Dt)[] _inputs;
    readonly Tensor _bias, _decay, _state;
    readonly int _segments = 1;
    int _next;

    /// <param name="plan">Heads and widths; what follows the scan in the mixer is left out.</param>
    /// <param name="device">Where it runs.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="length">Tokens of each.</param>
    /// <param name="sets">Inputs, which take turns.</param>
    /// <param name="segments">Segments that the kernels cut a sequence into, no more than it has chunks of 64 tokens; 0 is what suits the device.</param>
    public ScanRuns(Mamba2Plan plan, Device device, int batch, long length, int sets, int segments = 0)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        _plan = plan with { Gate = false, GateNorm = false, Skip = false, QkNorm = false, Decay = true };
        _device = device;
        if (ScanKernels.Know(_plan) && KernelDevice.Of(device, out _) is { } kernels)
        {
            _kernels = new(_plan);
            _module = _kernels.On(device);
            _segments = segments > 0 ? (int)Math.Min(segments, (length + ScanKernels.Chunk - 1) / ScanKernels.Chunk) : ScanKernels.Segments(kernels, batch, plan.Heads, length);
        }
        var type = _module is not null || device.type == DeviceType.CUDA ? ScalarType.BFloat16 : ScalarType.Float32;
        Path = _module is not null ? $"kernels of our own, bfloat16, {_segments} segments a sequence" : $"plain operations, {(type == ScalarType.BFloat16 ? "bfloat16" : "float32")}";
        var (channels, width) = ((plan.Heads + 2L * plan.KvHeads) * plan.HeadDim, (long)plan.Heads * plan.HeadDim);
        _inputs = [.. Enumerable.Range(0, sets).Select(_ => (randn([batch, length, channels], type, device), randn([batch, length, plan.Heads], type, device).sub(HeldNumber.Of(3))))];
        _bias = zeros([plan.Heads], type, device);
        _decay = zeros([plan.Heads], type, device);
        _state = zeros([batch, plan.Heads, plan.HeadDim, plan.HeadDim], ScalarType.Float32, device);
        foreach (var tensor in Own) tensor.DetachFromDisposeScope();
        Bytes = batch * length * (channels + plan.Heads + width) * _bias.element_size() + 2 * _state.numel() * sizeof(float);
    }

    /// <summary>What computes, in words.</summary>
    public string Path { get; }

    /// <summary>Bytes that a run can't do without: values, keys, queries and steps read, outputs written, each once, and the state both.</summary>
    public long Bytes { get; }

    /// <summary>Milliseconds of runs one after the other: on a GPU of its kernels, by its own clock, elsewhere of the call.</summary>
    public IReadOnlyList<double> Time(int runs)
    {
        using var guard = no_grad();
        return _device.type == DeviceType.CUDA ? TimeOnGpu(runs) : [.. Enumerable.Range(0, runs).Select(_ =>
        {
            var watch = Stopwatch.StartNew();
            Run();
            return watch.Elapsed.TotalMilliseconds;
        })];
    }

    IEnumerable<Tensor> Own => [.. _inputs.SelectMany(set => (Tensor[])[set.Vkq, set.Dt]), _bias, _decay, _state];

    IReadOnlyList<double> TimeOnGpu(int runs)
    {
        using var swept = empty(Swept, ScalarType.Byte, _device);
        using var clock = new DeviceClock(_device);
        for (var i = 0; i < runs; i++)
        {
            swept.zero_();
            clock.Mark();
            Run();
            clock.Mark();
        }
        return [.. clock.Milliseconds().Where((_, i) => i % 2 == 0)];
    }

    void Run()
    {
        using var scope = NewDisposeScope();
        var (vkq, dt) = _inputs[_next++ % _inputs.Length];
        if (_module is not null)
        {
            _kernels!.Scan(_module, vkq, null, dt, _bias, _decay, null, null, _state, _segments);
            return;
        }
        long keys = (long)_plan.KvHeads * _plan.HeadDim, width = (long)_plan.Heads * _plan.HeadDim;
        Tensor Heads(long first, long count) => vkq.narrow(-1, first, count).unflatten(2, count / _plan.HeadDim, _plan.HeadDim);
        var (_, final) = SsdScan.Run(
            Heads(0, keys), Heads(keys, keys), Heads(2 * keys, width), dt.to(ScalarType.Float32).Softplus(), -ones(_plan.Heads, device: _device), _plan.Chunk, _state, wantFinal: true);
        _state.copy_(final!);
    }

    /// <summary>Frees the inputs.</summary>
    public void Dispose()
    {
        foreach (var tensor in Own) tensor.Dispose();
    }
}
