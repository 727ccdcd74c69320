using System.Globalization;
using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Rendering;
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
        towers = new OverridesBinder(scope, towers, layers).Apply();
        if (scope.HasErrors) return null;
        var checkpoint = Checkpoint(scope, towers, layers);
        var (teacher, seed, distill) = DistillBinder.Bind(scope, towers, layers);
        NoEffect(scope, towers, layers, distill);
        if (scope.HasErrors) return null;

        return new ModelSpec(
            scope.Spec.Name!, Text(root.Get("summary")) ?? "", Text(root.Get("extends")), scope.Spec.FileName,
            tokens, vision, Integer(root.Get("hidden")!), [.. towers.Select(tower => tower.Spec)], layers, teacher, seed, distill, checkpoint)
        {
            Budget = Budget(root.Get("budget") as MappingNode),
            Reported = root.Get("reported") is MappingNode reported
                ? new(Text(reported.Get("source"))!, Integer(reported.Get("tokens")!), Number(reported.Get("memory_gb")!))
                : null,
        };
    }

    static BudgetSpec? Budget(MappingNode? budget)
    {
        if (budget?.Get("max") is not MappingNode max) return null;
        return new(
            max.Get("parameters") is { } parameters ? Number(parameters) : null,
            max.Get("trainable") is { } trainable ? Share(trainable) : null,
            max.Get("cache") is MappingNode cache ? new(Integer(cache.Get("tokens")!), Scalars.Bytes(cache.Get("size")!)!.Value) : null);
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
            if (Tower(scope, entry.Key, own, Integer(layers), first) is not { } tower) continue;
            towers.Add(tower);
            first += tower.Spec.Layers;
        }
        if (first > SpecShape.MaxLayers) scope.Report(Diagnostics.OutOfRange, list, "the number of layers over all towers", SpecShape.LayerCount.Expected, Quote.Number(first));
        return towers;
    }

    /// <summary>A tower with what all towers share merged under its own settings; null where something is missing.</summary>
    static Tower? Tower(Scope scope, ScalarNode name, MappingNode own, int layers, int first)
    {
        var settings = LayerNodes.Merge(LayerNodes.Of(scope.Merged), LayerNodes.Of(own));
        Completeness.Mapping(scope, settings, SpecShape.Layer, "a model", [scope.Own.Get("model")]);
        if (scope.HasErrors) return null;
        LayerNodes.Check(scope, settings);
        return new(new(name.Text, layers, LayerNodes.Read(settings)), first, name, own, settings);
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
        if (layout == "hovle" && layers.Converts)
            scope.Report(Diagnostics.LayoutWithoutMamba2, [node, scope.Merged.Find("layers")?.Value]);
        return layout;
    }

    /// <summary>Warns of keys that this file wrote and that no layer of the model reads; what is only inherited never warns.</summary>
    static void NoEffect(Scope scope, List<Tower> towers, LayersSpec layers, DistillSpec? distill)
    {
        foreach (var kind in MixerKinds.All)
            foreach (var owner in towers.Select(tower => tower.Own).Where(scope.Wrote).Prepend(scope.Own))
                if (owner.Get(kind.Word) is MappingNode settings) Unread(scope, settings, kind.Word, path => layers.Placements.Any(one => one.Kind.Reads(path)), $"no layer {kind.Phrase}");
        Positions(scope, towers, layers);
        if (distill is not { Run.Count: > 0 } && scope.Own.Get("budget") is MappingNode budget && budget.Get("max") is MappingNode max && max.Get("trainable") is not null)
            scope.Report(Diagnostics.NoEffect, max.Find("trainable")!.Key, "`trainable`", distill is null ? "nothing is distilled" : "no stage is run");
        if (towers.All(tower => tower.Spec.Each().All(layer => !layer.Of<Mamba2Spec>().Decay)) && distill is not null
            && scope.Own.Get("seed") is MappingNode seed && seed.Get("mimic") is MappingNode mimic)
            Unread(scope, mimic, "mimic", _ => false, "`decay` is off");
    }

    /// <summary>Warns of positions that would be scaled and are not, and of scaling that is retained and is none.</summary>
    static void Positions(Scope scope, List<Tower> towers, LayersSpec layers)
    {
        var (student, each) = (scope.Merged.Get("teacher") is not null, towers.SelectMany(tower => tower.Spec.Each()).Select(layer => layer.Of<AttentionSpec>()).ToList());
        if (!layers.Placements.Any(one => one.Kind.Reads(AttentionKind.DynamicPath)) || student && each.Exists(attention => attention is { RetainsDynamic: true, DynamicFactor: not null })) return;
        foreach (var owner in towers.Select(tower => tower.Own).Where(scope.Wrote).Prepend(scope.Own))
        {
            if ((owner.Get("attention") as MappingNode)?.Get("rope") is not MappingNode rope) continue;
            if (AttentionKind.Retains(rope)) scope.Report(Diagnostics.NoEffect, rope.Find("retained")!.Key, "`retained`", student ? AttentionKind.NoFactor : AttentionKind.OnlyStudent);
            else if (student && rope.Get("dynamic") is not null) scope.Report(Diagnostics.NoEffect, rope.Find("dynamic")!.Key, "`dynamic`", AttentionKind.PlainStudent);
        }
    }

    static void Unread(Scope scope, MappingNode keys, string at, Func<string, bool> isRead, string reason)
    {
        foreach (var entry in keys.Entries)
        {
            var path = at + "." + entry.Key.Text;
            if (entry.Value is MappingNode inside) Unread(scope, inside, path, isRead, reason);
            else if (entry.Value is not ScalarNode { Kind: ScalarKind.Null } && !isRead(path))
                scope.Report(Diagnostics.NoEffect, entry.Key, Quote.Of(entry.Key.Text), reason);
        }
    }

    public static int Integer(Node node) => (int)Scalars.Integer(node)!.Value;
    public static decimal Number(Node node) => Nearest(Scalars.Number(node)!.Value);
    public static decimal Share(Node node) => Nearest(Scalars.Fraction(node)!.Value);

    // The engine computes with binary64, so decimals that round to the same one are the same value, with one canonical form.
    static decimal Nearest(decimal value) =>
        decimal.Parse(CanonicalNumber.Of(value), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
    public static string? Text(Node? node) => node is null ? null : Scalars.Word(node);
    static string Short(decimal value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A tower that is bound, with where it was written.</summary>
/// <param name="First">Index over the model of its first layer.</param>
/// <param name="Own">Its own settings; empty where it has only a number of layers.</param>
/// <param name="Settings">What its layers share: the model's settings with its own laid over them.</param>
sealed record Tower(TowerSpec Spec, int First, ScalarNode Key, MappingNode Own, MappingNode Settings);
