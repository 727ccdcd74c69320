using MmMamba.ModelDsl.Mixers;
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
/// <param name="Mixers">Mixers by their kind, of each kind in the language's order.</param>
/// <param name="Mlp">MLPs.</param>
/// <param name="Norms">Norms of the residual stream.</param>
/// <param name="Copied">Tensors of the teacher as they are.</param>
/// <param name="Sliced">Rows of tensors of the teacher.</param>
/// <param name="Drawn">Tensors drawn by seed.</param>
public sealed record Census(
    Tally Vision, Tally Embeddings, EquatableArray<MixerTally> Mixers, Tally Mlp, Tally Norms, Tally Copied, Tally Sliced, Tally Drawn)
{
    /// <summary>Counts a model.</summary>
    public static Census Of(ResolvedModel model)
    {
        Tally Where(Func<ResolvedTensor, bool> counted) => Tally.Of(model.Tensors.Where(counted));
        bool Mixes(ResolvedTensor tensor, MixerKind kind) =>
            tensor.Group is <= TensorGroup.QkNorm or TensorGroup.Qkv && model.Layers[tensor.Layer].Mixer.Kind == kind;

        return new(
            Where(tensor => tensor.Group is TensorGroup.Patch or TensorGroup.Position or TensorGroup.Projector),
            Where(tensor => tensor.Group is TensorGroup.Embedding or TensorGroup.Head),
            [.. MixerKinds.All.Select(kind => new MixerTally(kind, Where(tensor => Mixes(tensor, kind))))],
            Where(tensor => tensor.Group is TensorGroup.Mlp),
            Where(tensor => tensor.Group is TensorGroup.Norm),
            Where(tensor => tensor.Origin is Copied),
            Where(tensor => tensor.Origin is Sliced),
            Where(tensor => tensor.Origin is Drawn));
    }
}

/// <summary>The tensors of all mixers of a kind.</summary>
public sealed record MixerTally(MixerKind Kind, Tally Tally);
