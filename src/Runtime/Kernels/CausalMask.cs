using System.Collections.Concurrent;
using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>Masks that are needed again and again, made once a device and size.</summary>
static class CausalMask
{
    static readonly ConcurrentDictionary<(long Size, DeviceType Device, int Index), Tensor> Masks = [];

    /// <summary>float32 (size, size): 0 where column is at most row, minus infinity elsewhere. Not to be changed or disposed.</summary>
    public static Tensor Additive(long size, Device device) => Masks.GetOrAdd((size, device.type, device.index), static key =>
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        return full(key.Size, key.Size, HeldNumber.Of(double.NegativeInfinity), ScalarType.Float32, new Device(key.Device, key.Index)).triu(1).DetachFromDisposeScope();
    });
}
