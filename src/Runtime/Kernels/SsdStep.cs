using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>One token of the recurrence that <see cref="SsdScan"/> computes in chunks.</summary>
static class SsdStep
{
    /// <param name="state">(B, heads, P, N), float32; changed in place.</param>
    /// <param name="v">Value (B, groups, P), float32.</param>
    /// <param name="k">Key (B, groups, N), float32.</param>
    /// <param name="q">Query (B, heads, N), float32.</param>
    /// <param name="dt">Step size (B, heads), float32; 0 leaves the state as it is.</param>
    /// <param name="a">Decay rates (heads), negative.</param>
    /// <returns>y (B, heads, P).</returns>
    public static Tensor Run(Tensor state, Tensor v, Tensor k, Tensor q, Tensor dt, Tensor a)
    {
        using var scope = NewDisposeScope();
        var (batch, heads, groups) = (dt.shape[0], dt.shape[1], v.shape[1]);
        var (width, keys) = (v.shape[2], k.shape[2]);
        var stepped = v.unsqueeze(2) * dt.view(batch, groups, heads / groups, 1);
        state.mul_((dt * a).exp().view(batch, heads, 1, 1));
        Work.AddOuter("ssd.update", state.view(batch, groups, heads / groups, width, keys), stepped.unsqueeze(-1), k.view(batch, groups, 1, 1, keys));
        var y = Work.Products("ssd.read", state.view(batch * heads, width, keys), q.reshape(batch * heads, keys, 1));
        return y.view(batch, heads, width).MoveToOuterDisposeScope();
    }
}
