using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>
/// What a model needs in memory, as closed forms over its layers. An attention layer keeps a key and a value of
/// kv_heads x head_dim for every token; a Mamba-2 layer keeps, whatever the length, the last taps - 1 inputs of its convolution over
/// (heads + 2 kv_heads) x head_dim channels, and a float32 state of heads x head_dim x head_dim.
/// </summary>
/// <param name="WeightElements">Elements of all tensors.</param>
/// <param name="KvElementsPerToken">Elements of the KV caches for a token of one sequence.</param>
/// <param name="ConvElements">Elements of the convolutions' states for one sequence.</param>
/// <param name="SsmElements">Elements of the SSM states for one sequence, float32 always: rounding them adds up over tokens.</param>
public sealed record Costs(long WeightElements, long KvElementsPerToken, long ConvElements, long SsmElements)
{
    const int Float32 = 4;

    /// <summary>The lengths, in tokens, at which memory is shown everywhere: a short prompt, and the paper's longest (103K, figure 1).</summary>
    public static EquatableArray<int> Lengths { get; } = [1_024, 103_424];

    /// <summary>The costs of a model.</summary>
    /// <exception cref="OverflowException">The sizes are beyond 64 bits.</exception>
    public static Costs Of(ResolvedModel model)
    {
        var (kv, conv, ssm) = (0L, 0L, 0L);
        foreach (var layer in model.Layers)
            checked
            {
                var mixer = layer.Mixer;
                if (mixer is ResolvedMamba2 mamba)
                {
                    conv += (mixer.Heads + 2L * mixer.KvHeads) * mixer.HeadDim * Math.Max(0, mamba.Conv - 1);
                    ssm += (long)mixer.Heads * mixer.HeadDim * mixer.HeadDim;
                }
                else kv += 2L * mixer.KvHeads * mixer.HeadDim;
            }
        return new(model.ParameterCount, kv, conv, ssm);
    }

    /// <summary>Bytes of the weights.</summary>
    /// <param name="elementBytes">Bytes of an element: 2 for bfloat16, 4 for float32.</param>
    public long WeightBytes(int elementBytes) => checked(WeightElements * elementBytes);

    /// <summary>Bytes of the KV caches of one sequence.</summary>
    /// <param name="tokens">Length of the sequence.</param>
    /// <param name="elementBytes">Bytes of an element: 2 for bfloat16, 4 for float32.</param>
    public long KvBytes(long tokens, int elementBytes) => checked(KvElementsPerToken * tokens * elementBytes);

    /// <summary>Bytes of the Mamba-2 states of one sequence, of any length.</summary>
    /// <param name="elementBytes">Bytes of an element of the convolution's state, as of the weights.</param>
    public long StateBytes(int elementBytes) => checked(ConvElements * elementBytes + SsmElements * Float32);

    /// <summary>Bytes of all that one sequence keeps: <see cref="KvBytes"/> and <see cref="StateBytes"/>.</summary>
    /// <param name="tokens">Length of the sequence.</param>
    /// <param name="elementBytes">Bytes of an element: 2 for bfloat16, 4 for float32.</param>
    public long CacheBytes(long tokens, int elementBytes) => checked(KvBytes(tokens, elementBytes) + StateBytes(elementBytes));
}
