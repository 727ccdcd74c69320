using System.Globalization;

namespace MmMamba.Runtime.Plans;

/// <summary>A tower written as a strip: one mark a layer, as in <c>A...A...</c>, and the kinds that the marks mean.</summary>
public sealed class TowerRun
{
    /// <summary>Expands the strip.</summary>
    /// <param name="tower">The tower's name.</param>
    /// <param name="place">Where its layers lie in a checkpoint, without the index: <c>language_model.model.layers</c>.</param>
    /// <param name="first">Index over the model of its first layer.</param>
    /// <param name="strip">One mark a layer.</param>
    /// <param name="kinds">What the marks mean.</param>
    /// <exception cref="ArgumentException">A mark has no kind, or two.</exception>
    public TowerRun(string tower, string place, int first, string strip, params ReadOnlySpan<LayerKind> kinds)
    {
        var layers = new List<LayerPlan>(strip.Length);
        var tensors = new List<TensorPlan>();
        for (var local = 0; local < strip.Length; local++)
        {
            var kind = KindOf(strip[local], kinds);
            var layer = first + local;
            var at = string.Create(CultureInfo.InvariantCulture, $"{place}.{local}");
            layers.Add(new(layer, tower, local, kind.Mixer, kind.NormEps, kind.MlpHidden, kind.Source));
            foreach (var row in kind.Tensors) tensors.Add(row.At(layer, at));
        }
        Layers = layers.ToPlanList();
        Tensors = tensors.ToPlanList();
    }

    /// <summary>The tower's layers in order.</summary>
    public PlanList<LayerPlan> Layers { get; }

    /// <summary>The layers' tensors in checkpoint order.</summary>
    public PlanList<TensorPlan> Tensors { get; }

    static LayerKind KindOf(char mark, ReadOnlySpan<LayerKind> kinds)
    {
        LayerKind? found = null;
        foreach (var kind in kinds)
            if (kind.Mark == mark)
                found = found is null ? kind : throw new ArgumentException($"Two kinds of layers have the mark '{mark}'.", nameof(kinds));
        return found ?? throw new ArgumentException($"No kind of layer has the mark '{mark}'.", nameof(kinds));
    }
}
