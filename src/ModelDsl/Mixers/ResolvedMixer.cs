using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Mixers;

/// <summary>The mixer of a layer: all that the back ends ask of it, whichever kind it is of.</summary>
/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key and value heads.</param>
/// <param name="HeadDim">Width of a head.</param>
public abstract record ResolvedMixer(int Heads, int KvHeads, int HeadDim)
{
    /// <summary>Its kind.</summary>
    public abstract MixerKind Kind { get; }

    /// <summary>What a plan has of it besides the heads, in order: names as in the plan's JSON, values that are whole numbers, numbers or switches.</summary>
    public abstract IEnumerable<(string Name, object? Value)> Settings { get; }

    /// <summary>What the sheet says after kind and heads.</summary>
    public abstract string Text { get; }

    /// <summary>What of it is compared besides kind and heads: a path and a value each; null is nothing.</summary>
    internal abstract IEnumerable<(string Path, string? Value)> Facts { get; }

    /// <summary>What decides its forward pass besides kind and heads, as words of the fingerprint.</summary>
    internal abstract IEnumerable<object?> Identity { get; }

    /// <summary>Its tensors in checkpoint order, by their names in its layer.</summary>
    internal abstract IEnumerable<MixerTensor> Tensors(int hidden);

    /// <summary>Where one of its tensors comes from in a student: the teacher's tensor of that name, unless the mixer takes attention's place.</summary>
    /// <param name="at">How the names of its tensors begin.</param>
    internal virtual TensorOrigin Transferred(TensorSlot slot, string at, SeedSpec seed) => new Copied(slot.Name);

    /// <summary>The first value of a tensor that is no projection, in a model that learns from scratch.</summary>
    internal virtual Drawn FirstValue(TensorSlot slot) => Draws.Plain(slot.Role);

    /// <summary>
    /// Bytes that autograd keeps of it for each token of a training pass in bfloat16. Of attention with frozen weights: queries, keys and values, and what it
    /// read out.
    /// </summary>
    /// <param name="hidden">Width of the stream.</param>
    /// <param name="length">Tokens of a sequence.</param>
    /// <param name="inputLearns">Whether a gradient goes on to what it reads.</param>
    internal virtual decimal KeptPerToken(int hidden, long length, bool inputLearns) => 2 * (Channels + Width);

    internal decimal Width => (decimal)Heads * HeadDim;

    /// <summary>Channels of queries, keys and values together.</summary>
    internal decimal Channels => (Heads + 2m * KvHeads) * HeadDim;

    /// <summary>Elements of a token's key and value.</summary>
    internal decimal KeyAndValue => 2m * KvHeads * HeadDim;
}

/// <param name="Name">Its name after that of its layer's mixer.</param>
readonly record struct MixerTensor(string Name, EquatableArray<long> Shape, TensorGroup Group, TensorRole Role);
