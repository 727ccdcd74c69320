using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Mixers;

/// <summary>
/// A mixer of the language, whole: its key in specs and how it is read, what a layer of it is made of and costs, what strips, sheets and
/// generated code call it. <see cref="MixerKinds"/> is the table of them; nothing else knows how many there are.
/// </summary>
public abstract class MixerKind
{
    private protected MixerKind(string word, string name, string title, string marks, string cache, string keeps)
    {
        (Word, Title, Marks, CacheType, Keeps) = (word, title, marks, cache, keeps);
        (LayerType, PlanType) = (name + "Layer", name + "Plan");
    }

    /// <summary>Its word in specs, plans and sheets, such as <c>mamba2</c>.</summary>
    public string Word { get; }

    /// <summary>What sentences call it, such as <c>Mamba-2</c>.</summary>
    public string Title { get; }

    /// <summary>Its signs in strips, where layers of the kind differ; no two kinds share one.</summary>
    public string Marks { get; }

    /// <summary>Its sign where one is enough.</summary>
    public char Mark => Marks[0];

    /// <summary>The engine's layer.</summary>
    public string LayerType { get; }

    /// <summary>The engine's record of it in a plan.</summary>
    public string PlanType { get; }

    /// <summary>The engine's cache of such a layer.</summary>
    public string CacheType { get; }

    /// <summary>What a sequence keeps for such layers between steps, in words.</summary>
    public string Keeps { get; }

    /// <summary>
    /// Whether a student's layer of this kind has taken the place of the teacher's and learns. Any other keeps the teacher's tensors,
    /// which no stage trains.
    /// </summary>
    public virtual bool Converts => false;

    /// <summary>Its settings as a key of a model, a tower or an override; needed where they are needed of every layer.</summary>
    internal abstract KeyShape Key { get; }

    /// <summary>What the closed forms of its costs are called in generated code, which so is no model's name.</summary>
    internal virtual IReadOnlyList<string> Members => [];

    /// <summary>What it means to place it, in a sentence.</summary>
    internal abstract string SaysPlacement { get; }

    /// <summary>What is so of a layer of this kind: it <c>keeps attention</c>.</summary>
    internal abstract string Phrase { get; }

    /// <summary>Whether a layer of this kind reads a setting, such as <c>attention.rope.theta</c>.</summary>
    internal virtual bool Reads(string path) => MixerKinds.Owner(path) == this;

    /// <summary>The settings of a mapping that has all that is needed, with the defaults of edition 1; null is a mapping without keys.</summary>
    internal abstract MixerSpec Read(MappingNode? settings);

    /// <summary>Its settings in a layer, by their paths in the order of their keys, as the canonical form writes them; null is nothing.</summary>
    internal abstract IEnumerable<(string Path, string? Value)> Values(LayerSettings layer);

    /// <summary>The mixer of a layer that is placed with this kind.</summary>
    /// <param name="student">Whether the model has a teacher.</param>
    internal abstract ResolvedMixer Resolve(LayerSettings layer, bool student);

    /// <summary>What its costs grow with beyond the units that every model has.</summary>
    internal virtual IReadOnlyList<CostUnit> Units => [];

    /// <summary>What it costs: operations in the order of the pass, bytes read, bytes held.</summary>
    internal abstract IEnumerable<CostTerm> Costs { get; }

    private protected CostTerm Term<T>(
        CostQuantity quantity, string name, CostUnit unit, string formula, string meaning, Func<ResolvedModel, T, decimal> coefficient, bool float32 = false)
        where T : ResolvedMixer =>
        new(quantity, name, Word, unit, formula, meaning, float32, (model, layer) => layer?.Mixer is T mixer ? coefficient(model, mixer) : 0);
}

/// <summary>What a spec says of a mixer, for layers that have it and for those that don't.</summary>
public abstract record MixerSpec;
