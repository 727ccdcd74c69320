using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.Generators.Emit;

/// <summary>
/// The plans of a family's members, each as what it changes in a plan that is there: the base's, or that of a member with the same layers. The
/// kinds of layers are written once for all members.
/// </summary>
static class MemberPlansEmitter
{
    /// <param name="low">The base's class.</param>
    public static void Emit(CodeWriter w, ResolvedFamily family, string low)
    {
        var starts = family.Members.Select((member, i) => Start(family, i, low)).ToArray();
        var forms = new List<(EquatableArray<ResolvedTower>, EquatableArray<ResolvedLayer>, EquatableArray<ResolvedTensor>)>();
        var drafts = family.Members.Zip(starts, (member, start) =>
        {
            var (model, from) = (member.Model, start.Model);
            var placed = model.Layers == from.Layers && model.Tensors == from.Tensors ? null : FormOf(model.Layers, model.Tensors);
            var converted = model.Distillation is not { } recipe
                || (from.Distillation is { } other && recipe.ConvertedLayers == other.ConvertedLayers && recipe.ConvertedTensors == other.ConvertedTensors)
                ? null : FormOf(recipe.ConvertedLayers, recipe.ConvertedTensors);
            return (Member: member, Start: start, Placed: placed, Converted: converted);

            int? FormOf(EquatableArray<ResolvedLayer> layers, EquatableArray<ResolvedTensor> tensors)
            {
                forms.Add((model.Towers, layers, tensors));
                return forms.Count - 1;
            }
        }).ToArray();

        var (kinds, strips) = LayerKinds.Of(forms);
        using (w.Block("static class Plans"))
        {
            if (kinds.Count > 0) w.Write("// Layers as they recur; * stands for a layer's place in the checkpoint.");
            foreach (var kind in kinds) PlanEmitter.EmitKind(w, kind, "static readonly LayerKind");
            foreach (var (member, start, placed, converted) in drafts)
            {
                if (kinds.Count > 0 || member != family.Members[0]) w.Space();
                var plan = new MemberPlan(member.Model, start.Model, start.Plan, placed is { } p ? strips[p] : null, converted is { } c ? strips[c] : null);
                plan.Emit(w, Identifier.Of(member.Name));
            }
        }
    }

    /// <summary>The plan that a member's is written over: that of the first member with the same layers and tensors, or the base's.</summary>
    static (ResolvedModel Model, string Plan) Start(ResolvedFamily family, int index, string low)
    {
        var model = family.Members[index].Model;
        if (SameLayers(model, family.Of)) return (family.Of, $"{low}.Plan");
        var first = family.Members.Take(index).FirstOrDefault(member => SameLayers(model, member.Model));
        return first is null ? (family.Of, $"{low}.Plan") : (first.Model, $"{Identifier.Of(family.Name)}.{Identifier.Of(first.Name)}.Plan");
    }

    static bool SameLayers(ResolvedModel a, ResolvedModel b) => a.Layers == b.Layers && a.Tensors == b.Tensors;
}
