using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>
/// Makes the spec record of a merged tree whose files are each in shape: applies the defaults of edition 1, and checks what only
/// several keys together decide.
/// </summary>
static class ModelBinder
{
    /// <summary>The model, or null where the scope has got errors.</summary>
    public static ModelSpec? Bind(Scope scope)
    {
        Completeness.Check(scope);
        if (scope.HasErrors) return null;
        var root = scope.Merged;

        var tokens = Tokens(scope, (MappingNode)root.Get("tokens")!);
        var vision = Vision(scope, (MappingNode)root.Get("vision")!);
        var towers = Towers(scope, (SequenceNode)root.Get("towers")!);
        if (scope.HasErrors) return null;

        var layers = new LayersBinder(scope, towers).Bind(root.Find("layers")!);
        if (layers is null || scope.HasErrors) return null;
        var checkpoint = Checkpoint(scope, towers, layers);
        var (teacher, seed, distill) = DistillBinder.Bind(scope, towers, layers);
        NoEffect(scope, towers, layers, distill);
        if (scope.HasErrors) return null;

        return new ModelSpec(
            scope.Spec.Name!, Text(root.Get("summary")) ?? "", Text(root.Get("extends")), scope.Spec.FileName,
            tokens, vision, Integer(root.Get("hidden")!), [.. towers.Select(tower => tower.Spec)], layers, teacher, seed, distill, checkpoint);
    }

    static TokensSpec Tokens(Scope scope, MappingNode tokens)
    {
        var (vocab, image) = (Integer(tokens.Get("vocab")!), Integer(tokens.Get("image")!));
        if (image >= vocab) scope.Report(Diagnostics.ImageToken, [tokens.Get("image"), tokens.Get("vocab")], image, vocab);
        return new(vocab, image, Text(tokens.Get("template"))!, Text(tokens.Get("system")));
    }

    static VisionSpec Vision(Scope scope, MappingNode vision)
    {
        var (image, patch, shuffle) = (Integer(vision.Get("image")!), Integer(vision.Get("patch")!), Number(vision.Get("pixel_shuffle")!));
        Node?[] places = [vision.Get("pixel_shuffle"), vision.Get("patch"), vision.Get("image")];
        if (image % patch != 0) scope.Report(Diagnostics.PatchGrid, [vision.Get("patch"), vision.Get("image")], image, patch);
        else if (shuffle is not (1 or 0.5m or 0.25m)) scope.Report(Diagnostics.PixelShuffle, places, Short(shuffle), image / patch, "write 0.5");
        else if (image / patch % (int)(1 / shuffle) != 0)
            scope.Report(Diagnostics.PixelShuffle, places, Short(shuffle), image / patch, $"its side must be a multiple of {Quote.Number((int)(1 / shuffle))}");
        return new(image, patch, Integer(vision.Get("max_tiles")!), shuffle, Text(vision.Get("projector"))!, Text(vision.Get("normalize"))!);
    }

    static List<Tower> Towers(Scope scope, SequenceNode list)
    {
        var towers = new List<Tower>();
        var first = 0;
        foreach (var item in list.Items)
        {
            var entry = ((MappingNode)item).Entries[0];
            var own = entry.Value as MappingNode ?? new MappingNode(entry.Value.Path, entry.Value.Span, []);
            var layers = own.Get("layers") ?? (entry.Value is ScalarNode ? entry.Value : null);
            if (layers is null)
            {
                scope.Report(Diagnostics.MissingKey, entry.Key, Quote.Of(entry.Key.Text), "`layers`", SpecShape.LayerCount.Expected);
                continue;
            }
            var spec = Tower(scope, entry.Key, own, Integer(layers));
            if (spec is null) continue;
            towers.Add(new(spec, first, entry.Key, own));
            first += spec.Layers;
        }
        if (first > SpecShape.MaxLayers) scope.Report(Diagnostics.OutOfRange, list, "the number of layers over all towers", SpecShape.LayerCount.Expected, Quote.Number(first));
        return towers;
    }

    /// <summary>A tower with what all towers share merged under its own settings; null where something is missing.</summary>
    static TowerSpec? Tower(Scope scope, ScalarNode name, MappingNode own, int layers)
    {
        MappingNode? Shared(string key, Shape shape)
        {
            var (all, over) = (scope.Merged.Get(key), own.Get(key));
            var merged = all is not null && over is not null ? Overlay.Merge(all, over, shape) : over ?? all;
            if (merged is null)
            {
                scope.Report(Diagnostics.MissingKey, [scope.Merged.Find(key)?.Value, scope.Own.Get("model")], "a model", Quote.Of(key), shape.Expected);
                return null;
            }
            Node?[] places = [scope.Own.Get("model"), scope.Merged.Find(key)?.Key, name, own.Find(key)?.Key];
            if (shape is MappingShape mapping) Completeness.Mapping(scope, (MappingNode)merged, mapping, Quote.Of(key), places);
            return (MappingNode)merged;
        }

        var attention = Shared("attention", SpecShape.Attention);
        var norm = Shared("norm", SpecShape.Norm);
        var mlp = Shared("mlp", SpecShape.Mlp);
        var (shared, over) = (scope.Merged.Get("mamba2"), own.Get("mamba2"));
        var mamba2 = shared is not null && over is not null ? Overlay.Merge(shared, over, SpecShape.Mamba2) : over ?? shared;
        if (attention is null || norm is null || mlp is null || scope.HasErrors) return null;
        return new(name.Text, layers, Attention(scope, attention), Mamba2(mamba2 as MappingNode),
            Number(norm.Entries[0].Value), Integer(mlp.Entries[0].Value));
    }

    static AttentionSpec Attention(Scope scope, MappingNode attention)
    {
        var (heads, kvHeads, headDim) = (Integer(attention.Get("heads")!), Integer(attention.Get("kv_heads")!), Integer(attention.Get("head_dim")!));
        if (heads % kvHeads != 0) scope.Report(Diagnostics.HeadGroups, [attention.Get("kv_heads"), attention.Get("heads")], heads, kvHeads);
        if (headDim % 2 != 0) scope.Report(Diagnostics.OddHead, attention.Get("head_dim"), headDim);
        var rope = (MappingNode)attention.Get("rope")!;
        return new(heads, kvHeads, headDim, Number(rope.Get("theta")!),
            rope.Get("max_positions") is { } positions ? Integer(positions) : 32_768,
            rope.Get("dynamic") is { } dynamic ? Number(dynamic) : null);
    }

    static Mamba2Spec Mamba2(MappingNode? mamba2)
    {
        bool On(string key, bool otherwise) => mamba2?.Get(key) is { } node ? Scalars.Switch(node)!.Value : otherwise;
        return new(
            mamba2?.Get("conv") is { } conv ? Scalars.IsOff(conv) ? 0 : Integer(conv) : 2,
            mamba2?.Get("chunk") is { } chunk ? Integer(chunk) : 128,
            On("gate", true), On("gate_norm", true), On("decay", true), On("skip", false), On("qk_norm", false));
    }

    static string Checkpoint(Scope scope, List<Tower> towers, LayersSpec layers)
    {
        var node = scope.Merged.Get("checkpoint")!;
        var layout = Text(node)!;
        string[] names = ["embedding", "decoder"];
        for (var i = 0; i < Math.Max(towers.Count, names.Length); i++)
        {
            if (i < towers.Count && i < names.Length && towers[i].Spec.Name == names[i]) continue;
            var wrong = i < names.Length
                ? i < towers.Count ? $"write {Quote.Of(names[i])} instead of {Quote.Of(towers[i].Spec.Name)}" : $"{Quote.Of(names[i])} is missing"
                : $"leave {Quote.Of(towers[i].Spec.Name)} out";
            scope.Report(Diagnostics.TowerNames, [i < towers.Count ? towers[i].Key : scope.Merged.Get("towers"), node], Quote.Of(layout), wrong);
            break;
        }
        if (layout == "hovle" && layers.Attention.Count < towers.Sum(tower => tower.Spec.Layers))
            scope.Report(Diagnostics.LayoutWithoutMamba2, [node, scope.Merged.Find("layers")?.Value]);
        return layout;
    }

    /// <summary>Warns of keys that this file wrote and that no layer of the model reads; what is only inherited never warns.</summary>
    static void NoEffect(Scope scope, List<Tower> towers, LayersSpec layers, DistillSpec? distill)
    {
        var total = towers.Sum(tower => tower.Spec.Layers);
        if (layers.Attention.Count == total)
        {
            Unread(scope, scope.Own.Get("mamba2") as MappingNode, "no layer is Mamba-2");
            foreach (var tower in towers)
                if (scope.Wrote(tower.Own)) Unread(scope, tower.Own.Get("mamba2") as MappingNode, "no layer is Mamba-2");
        }
        if (layers.Attention.Count == 0 && scope.Own.Get("attention") is MappingNode attention && attention.Find("rope") is { } rope)
            Unread(scope, rope.Value as MappingNode, "no layer keeps attention");
        if (towers.All(tower => !tower.Spec.Mamba2.Decay) && distill is not null
            && scope.Own.Get("seed") is MappingNode seed && seed.Get("mimic") is MappingNode mimic)
            Unread(scope, mimic, "`decay` is off");
    }

    static void Unread(Scope scope, MappingNode? keys, string reason)
    {
        foreach (var entry in keys?.Entries ?? [])
            if (entry.Value is not ScalarNode { Kind: ScalarKind.Null }) scope.Report(Diagnostics.NoEffect, entry.Key, Quote.Of(entry.Key.Text), reason);
    }

    public static int Integer(Node node) => (int)Scalars.Integer(node)!.Value;
    public static decimal Number(Node node) => Scalars.Number(node)!.Value;
    public static string? Text(Node? node) => node is null ? null : Scalars.Word(node);
    static string Short(decimal value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>A tower that is bound, with where it was written.</summary>
/// <param name="First">Index over the model of its first layer.</param>
/// <param name="Own">Its own settings; empty where it has only a number of layers.</param>
sealed record Tower(TowerSpec Spec, int First, ScalarNode Key, MappingNode Own);
