using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>Depthwise causal convolution over time as shifted multiply-adds, followed by SiLU.</summary>
static class CausalConvolution
{
    /// <param name="x">Channels over time (B, T, C).</param>
    /// <param name="weight">(C, 1, taps); the last tap is the current token's.</param>
    /// <param name="bias">(C).</param>
    /// <param name="history">Inputs of the taps - 1 tokens before (B, taps - 1, C); null is zero.</param>
    /// <returns>The activated output (B, T, C), and the inputs with their history (B, taps - 1 + T, C).</returns>
    public static (Tensor Y, Tensor Extended) Run(Tensor x, Tensor weight, Tensor bias, Tensor? history)
    {
        using var scope = NewDisposeScope();
        var (batch, length, channels, taps) = (x.shape[0], x.shape[1], x.shape[2], weight.shape[2]);
        var extended = history is not null ? cat([history, x], 1)
            : taps == 1 ? x
            : nn.functional.pad(x, [0, 0, taps - 1, 0]);
        (weight, bias) = (weight.to(x.dtype), bias.to(x.dtype));
        var y = bias;
        for (var tap = 0L; tap < taps; tap++)
            y = Work.Tap("mamba2.conv", y, extended.narrow(1, tap, length), weight.select(2, tap).squeeze(1), over: tap > 0);
        return (InPlace.Silu(y).MoveToOuterDisposeScope(), extended.MoveToOuterDisposeScope());
    }
}
