using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>Some tensors, counted.</summary>
/// <param name="Tensors">How many.</param>
/// <param name="Parameters">Sum of their sizes.</param>
public readonly record struct Tally(int Tensors, long Parameters)
{
    /// <summary>Counts tensors.</summary>
    public static Tally Of(IEnumerable<ResolvedTensor> tensors) =>
        tensors.Aggregate(default(Tally), (sum, tensor) => new(sum.Tensors + 1, checked(sum.Parameters + tensor.Size)));
}

/// <summary>A model's tensors counted by part, and by where they come from.</summary>
/// <param name="Vision">Patches, positions, projector.</param>
/// <param name="Embeddings">Token embeddings and head.</param>
/// <param name="Attention">Mixers of the attention layers.</param>
/// <param name="Mamba2">Mixers of the Mamba-2 layers.</param>
/// <param name="Mlp">MLPs.</param>
/// <param name="Norms">Norms of the residual stream.</param>
/// <param name="Copied">Tensors of the teacher as they are.</param>
/// <param name="Sliced">Rows of tensors of the teacher.</param>
/// <param name="Drawn">Tensors drawn by seed.</param>
public sealed record Census(
    Tally Vision, Tally Embeddings, Tally Attention, Tally Mamba2, Tally Mlp, Tally Norms, Tally Copied, Tally Sliced, Tally Drawn)
{
    /// <summary>Counts a model.</summary>
    public static Census Of(ResolvedModel model)
    {
        Tally Where(Func<ResolvedTensor, bool> counted) => Tally.Of(model.Tensors.Where(counted));
        bool Mixes<T>(ResolvedTensor tensor) where T : ResolvedMixer =>
            tensor.Group is <= TensorGroup.QkNorm or TensorGroup.Qkv && model.Layers[tensor.Layer].Mixer is T;

        return new(
            Where(tensor => tensor.Group is TensorGroup.Patch or TensorGroup.Position or TensorGroup.Projector),
            Where(tensor => tensor.Group is TensorGroup.Embedding or TensorGroup.Head),
            Where(Mixes<ResolvedAttention>),
            Where(Mixes<ResolvedMamba2>),
            Where(tensor => tensor.Group is TensorGroup.Mlp),
            Where(tensor => tensor.Group is TensorGroup.Norm),
            Where(tensor => tensor.Origin is Copied),
            Where(tensor => tensor.Origin is Sliced),
            Where(tensor => tensor.Origin is Drawn));
    }
}
