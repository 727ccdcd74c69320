using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>What a layer is bound from: one mapping of mixers, norm and mlp, however many places wrote it.</summary>
static class LayerNodes
{
    /// <summary>The part of a mapping (a spec, a tower, an override) that speaks of what a layer has.</summary>
    public static MappingNode Of(MappingNode owner) =>
        owner with { Entries = new(owner.Entries.Where(entry => SpecShape.Layer.Find(entry.Key.Text) is not null)), Replaces = false };

    public static MappingNode Merge(MappingNode low, MappingNode high) => (MappingNode)Overlay.Merge(low, high, SpecShape.Layer);

    /// <summary>The settings of a mapping that has all required keys.</summary>
    public static LayerSettings Read(MappingNode layer)
    {
        var (norm, mlp) = ((MappingNode)layer.Get("norm")!, (MappingNode)layer.Get("mlp")!);
        return new(
            [.. MixerKinds.All.Select(kind => kind.Read(layer.Get(kind.Word) as MappingNode))],
            ModelBinder.Number(norm.Entries[0].Value), ModelBinder.Integer(mlp.Entries[0].Value));
    }

    /// <summary>Reports what only several keys of a layer decide.</summary>
    public static void Check(Scope scope, MappingNode layer)
    {
        var attention = (MappingNode)layer.Get("attention")!;
        var (heads, kvHeads, headDim) = (attention.Get("heads")!, attention.Get("kv_heads")!, attention.Get("head_dim")!);
        if (ModelBinder.Integer(heads) % ModelBinder.Integer(kvHeads) != 0)
            scope.Report(Diagnostics.HeadGroups, [kvHeads, heads], ModelBinder.Integer(heads), ModelBinder.Integer(kvHeads));
        if (ModelBinder.Integer(headDim) % 2 != 0) scope.Report(Diagnostics.OddHead, headDim, ModelBinder.Integer(headDim));
    }
}
