using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>The layers of a spec, one by one: as it places them, and as stages 1 and 2 have them, all converted.</summary>
static class LayerList
{
    public static EquatableArray<ResolvedLayer> Placed(ModelSpec model)
    {
        var each = model.Layers.Each();
        return Of(model, index => each[index]);
    }

    public static EquatableArray<ResolvedLayer> Converted(ModelSpec model)
    {
        var placements = model.Layers.Placements;
        var placed = placements.FirstOrDefault(placement => placement.Kind == MixerKinds.Converted) ?? placements[0] with { Kind = MixerKinds.Converted };
        return Of(model, _ => placed);
    }

    public static EquatableArray<ResolvedTower> Towers(ModelSpec model)
    {
        var towers = new List<ResolvedTower>();
        var first = 0;
        foreach (var tower in model.Towers)
        {
            towers.Add(new(tower.Name, first, tower.Layers));
            first += tower.Layers;
        }
        return new(towers);
    }

    static EquatableArray<ResolvedLayer> Of(ModelSpec model, Func<int, MixerPlacement> placementOf)
    {
        var layers = new List<ResolvedLayer>();
        foreach (var tower in model.Towers)
        {
            var local = 0;
            foreach (var settings in tower.Each())
            {
                var placement = placementOf(layers.Count);
                layers.Add(new(
                    layers.Count, tower.Name, local++, placement.Kind.Resolve(settings, student: model.Teacher is not null),
                    settings.NormEps, settings.MlpHidden, placement.Source));
            }
        }
        return new(layers);
    }
}
