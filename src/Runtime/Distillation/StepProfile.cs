using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>A part of a training step.</summary>
public enum StepPart
{
    /// <summary>The teacher's pass.</summary>
    Teacher,

    /// <summary>What learns: its forward pass.</summary>
    Forward,

    /// <summary>The loss and its gradient.</summary>
    Loss,

    /// <summary>The gradients of the trained tensors.</summary>
    Backward,

    /// <summary>The gradient's norm, clip, AdamW.</summary>
    Update,
}

/// <summary>
/// Tells how long the parts of training steps take that this thread runs, from its making until it is disposed. Each part is waited for on a GPU, so that steps are slower than they
/// are alone: what launches would overlap with computing does not. A part within another is not the other's time. Where nobody asks, nothing is waited for.
/// </summary>
public sealed class StepProfile : IDisposable
{
    [ThreadStatic] static StepProfile? _listening;

    readonly Device _device;
    readonly TimeSpan[] _times = new TimeSpan[Enum.GetValues<StepPart>().Length];
    readonly Stack<StepPart> _open = [];
    long _since;

    /// <param name="device">Where the steps are computed.</param>
    /// <exception cref="InvalidOperationException">This thread's steps are profiled already.</exception>
    public StepProfile(Device device)
    {
        if (_listening is not null) throw new InvalidOperationException("The steps of this thread are profiled already; dispose that profile.");
        _device = device;
        _listening = this;
    }

    /// <summary>What each part took since the last call, or since the beginning.</summary>
    public IReadOnlyDictionary<StepPart, TimeSpan> Take()
    {
        var taken = Enum.GetValues<StepPart>().ToDictionary(part => part, part => _times[(int)part]);
        Array.Clear(_times);
        return taken;
    }

    /// <inheritdoc/>
    public void Dispose() => _listening = null;

    /// <summary>Begins a part, until the result is disposed.</summary>
    internal static Entered Enter(StepPart part)
    {
        _listening?.Begin(part);
        return default;
    }

    void Begin(StepPart part)
    {
        Charge();
        _open.Push(part);
    }

    void End()
    {
        Charge();
        _open.Pop();
    }

    // What has passed is the innermost part's.
    void Charge()
    {
        if (_device.type == DeviceType.CUDA) cuda.synchronize();
        var now = Stopwatch.GetTimestamp();
        if (_open.Count > 0) _times[(int)_open.Peek()] += Stopwatch.GetElapsedTime(_since, now);
        _since = now;
    }

    internal readonly struct Entered : IDisposable
    {
        public void Dispose() => _listening?.End();
    }
}
