using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Layers;

/// <summary>How large a cache is: sequences, tokens of each, and where and in which types it lives.</summary>
readonly record struct CacheSize(int Batch, int MaxTokens, Device Device, ScalarType Dtype, ScalarType StateDtype);

/// <summary>
/// What the engine knows of one record of <see cref="MixerPlan"/>: its JSON, what it keeps to, the layer and the cache that it becomes.
/// <see cref="MixerTypes"/> is the table of them; each stands beside its layer.
/// </summary>
abstract class MixerType(string word)
{
    /// <summary>The word of its plan's <c>kind</c>.</summary>
    public string Word => word;

    public abstract bool Is(MixerPlan plan);

    /// <summary>Reads what follows the kind.</summary>
    public abstract MixerPlan Read(PlanFields fields);

    /// <summary>Its fields after kind and heads, as JSON.</summary>
    public abstract (string Key, string Value)[] Fields(MixerPlan plan);

    /// <summary>Whether its sizes are such that it can run.</summary>
    public abstract bool Holds(MixerPlan plan);

    public abstract DecoderLayer Layer(LayerPlan plan, LayerTensors tensors);

    public abstract LayerCache Cache(MixerPlan plan, CacheSize size);
}

/// <inheritdoc/>
sealed class MixerType<T>(
    string word, Func<PlanFields, T> read, Func<T, (string, string)[]> fields, Func<T, bool> holds,
    Func<LayerPlan, T, LayerTensors, DecoderLayer> layer, Func<T, CacheSize, LayerCache> cache) : MixerType(word)
    where T : MixerPlan
{
    public override bool Is(MixerPlan plan) => plan is T;
    public override MixerPlan Read(PlanFields json) => read(json);
    public override (string Key, string Value)[] Fields(MixerPlan plan) => fields((T)plan);
    public override bool Holds(MixerPlan plan) => holds((T)plan);
    public override DecoderLayer Layer(LayerPlan plan, LayerTensors tensors) => layer(plan, (T)plan.Mixer, tensors);
    public override LayerCache Cache(MixerPlan plan, CacheSize size) => cache((T)plan, size);
}

/// <summary>The mixers that the engine runs.</summary>
static class MixerTypes
{
    static readonly MixerType[] All = [AttentionLayer.Type, Mamba2Layer.Type, SlidingWindowLayer.Type];

    public static IEnumerable<string> Words => All.Select(type => type.Word);

    public static MixerType? Find(string word) => Array.Find(All, type => type.Word == word);

    public static MixerType Of(MixerPlan plan) =>
        Array.Find(All, type => type.Is(plan)) ?? throw new InvalidOperationException($"No layer is known for {plan.GetType().Name}.");
}
