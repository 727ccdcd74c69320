using MmMamba.Runtime.Plans;
using TorchSharp.Modules;

namespace MmMamba.Runtime.Layers;

/// <summary>A layer's parameters by the part of their names after the layer's number, such as <c>attention.wqkv.weight</c>.</summary>
public sealed class LayerTensors
{
    readonly Dictionary<string, Parameter> _tensors = [];
    readonly string _owner;

    /// <param name="plans">Tensors of a plan; those of the layer are taken from among them.</param>
    /// <param name="layer">Index of the layer over the model.</param>
    /// <param name="parameters">Parameters by full name.</param>
    /// <param name="owner">How messages name the layer, with the spec's file and line where there is one.</param>
    public LayerTensors(IEnumerable<TensorPlan> plans, int layer, IReadOnlyDictionary<string, Parameter> parameters, string owner)
    {
        _owner = owner;
        foreach (var plan in plans.Where(plan => plan.Layer == layer)) _tensors.Add(LocalName(plan.Name), parameters[plan.Name]);
    }

    /// <summary>The parameter of a local name.</summary>
    /// <exception cref="InputException">The plan has none of that name for this layer.</exception>
    public Parameter this[string name] => _tensors.TryGetValue(name, out var parameter)
        ? parameter
        : throw new InputException($"{_owner} needs a tensor '{name}', and the plan has {string.Join(", ", _tensors.Keys)}. Resolve the spec again.");

    /// <summary>What follows the first number in a dotted name: <c>a.layers.3.b.c</c> becomes <c>b.c</c>.</summary>
    internal static string LocalName(string name)
    {
        var parts = name.Split('.');
        var number = Array.FindIndex(parts, part => part.Length > 0 && part.All(char.IsAsciiDigit));
        return string.Join('.', parts[(number + 1)..]);
    }
}
