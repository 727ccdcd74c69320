using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>What a tensor does in its module: with its group, all that its first value depends on.</summary>
enum TensorRole
{
    /// <summary>A projection, an embedding, a table of positions.</summary>
    Weight,
    /// <summary>A projection that writes to the residual stream.</summary>
    OutputWeight,
    /// <summary>A factor that is 1 where nothing is scaled.</summary>
    Scale,
    /// <summary>A summand that is 0 where nothing is shifted.</summary>
    Bias,
    /// <summary>Taps of the mixer's convolution.</summary>
    ConvWeight,
    /// <summary>Bias of the mixer's convolution.</summary>
    ConvBias,
    /// <summary>The mixer's bias of dt, before the softplus.</summary>
    DtBias,
    /// <summary>The mixer's log(-A).</summary>
    DecayLog,
}

/// <summary>A tensor of a model before it is known where its value comes from.</summary>
readonly record struct TensorSlot(string Name, EquatableArray<long> Shape, TensorGroup Group, TensorRole Role, int Layer)
{
    public ResolvedTensor From(TensorOrigin origin) => new(Name, Shape, Group, Layer, origin);
}
