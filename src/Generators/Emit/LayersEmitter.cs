using MmMamba.ModelDsl.Architecture;

namespace MmMamba.Generators.Emit;

/// <summary>The layers by name and type, each with the line of the spec that made it what it is.</summary>
static class LayersEmitter
{
    public static void Emit(CodeWriter w, ResolvedModel model)
    {
        foreach (var (layer, name) in Named(model))
        {
            var type = layer.Mixer.Kind.LayerType;
            w.Write($"public {type} {name} => Layer<{type}>({Literal.Of(layer.Index)}); // {Comment.Of(layer.Source)}");
        }
    }

    /// <summary>
    /// The layers with their properties' names: tower and index in it; where two towers' names would meet, or the class's own is
    /// among them, index over the model.
    /// </summary>
    public static IEnumerable<(ResolvedLayer Layer, string Name)> Named(ResolvedModel model)
    {
        var byTower = model.Layers.Select(layer => Identifier.Pascal(layer.Tower) + Literal.Of(layer.LocalIndex)).ToArray();
        var clear = byTower.Append(model.Name).Distinct(StringComparer.Ordinal).Count() > byTower.Length;
        return model.Layers.Select((layer, i) => (layer, clear ? byTower[i] : $"Layer_{Literal.Of(layer.Index)}"));
    }
}
