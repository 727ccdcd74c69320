using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Caching;

/// <summary>State of a Mamba-2 layer: of one size, however many tokens it has seen.</summary>
public sealed class Mamba2State : LayerCache
{
    /// <param name="batch">Sequences.</param>
    /// <param name="channels">Channels of the convolution: values, keys and queries.</param>
    /// <param name="taps">Taps of the convolution; 0 for none.</param>
    /// <param name="heads">Heads.</param>
    /// <param name="headDim">Width of a head and of its state.</param>
    /// <param name="dtype">Type of the activations.</param>
    /// <param name="stateDtype">Type of <see cref="Ssm"/>: float32, or bfloat16, to which it is rounded after every pass.</param>
    public Mamba2State(int batch, int channels, int taps, int heads, int headDim, Device device, ScalarType dtype, ScalarType stateDtype = ScalarType.Float32)
    {
        using var guard = no_grad();
        Conv = zeros([batch, channels, Math.Max(taps - 1, 0)], dtype, device).DetachFromDisposeScope();
        Ssm = zeros([batch, heads, headDim, headDim], stateDtype, device).DetachFromDisposeScope();
    }

    /// <summary>Inputs of the convolution at the last taps - 1 tokens (B, channels, taps - 1), before the activation; channels are values, keys, queries.</summary>
    public Tensor Conv { get; }

    /// <summary>The state S (B, heads, P, N), float32 unless another type was asked for: rows are the value's, columns the key's.</summary>
    public Tensor Ssm { get; }

    /// <summary>Whether <see cref="Ssm"/> is what passes compute in, so that they may change it where it lies.</summary>
    internal bool IsSingle => Ssm.dtype == ScalarType.Float32;

    /// <summary>Runs a pass over the state in float32, which it changes in place; what is held in another type is rounded behind it.</summary>
    internal Tensor Change(Func<Tensor, Tensor> pass)
    {
        if (IsSingle) return pass(Ssm);
        using var single = Ssm.to(ScalarType.Float32);
        var y = pass(single);
        Ssm.copy_(single);
        return y;
    }

    /// <inheritdoc/>
    public override long Bytes => Conv.numel() * Conv.element_size() + Ssm.numel() * Ssm.element_size();

    /// <inheritdoc/>
    internal override CacheMark Mark()
    {
        var (conv, ssm) = (CacheMark.Copy(Conv), CacheMark.Copy(Ssm));
        return new(
            () =>
            {
                Conv.copy_(conv);
                Ssm.copy_(ssm);
            },
            conv, ssm);
    }

    /// <inheritdoc/>
    internal override IReadOnlyList<(string Name, Tensor Tensor)> Filled() => [("conv", Conv.alias()), ("ssm", Ssm.alias())];

    /// <inheritdoc/>
    internal override void Fill(long tokens, StoredTensors stored)
    {
        using var guard = no_grad();
        Conv.copy_(stored("conv", Conv.dtype, Conv.shape));
        Ssm.copy_(stored("ssm", Ssm.dtype, Ssm.shape));
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        using var guard = no_grad();
        Conv.zero_();
        Ssm.zero_();
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Conv.Dispose();
        Ssm.Dispose();
    }
}
