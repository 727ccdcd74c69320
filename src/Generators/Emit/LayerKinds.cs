using System.Globalization;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.Generators.Emit;

/// <summary>A layer as it recurs: its tensors are named with <c>*</c> for the layer's place, so that equal layers are equal here.</summary>
/// <param name="Variable">What the generated code calls it.</param>
sealed record LayerKind(char Mark, string Variable, Content Content);

/// <summary>What makes two layers of one kind.</summary>
sealed record Content(ResolvedMixer Mixer, decimal NormEps, int MlpHidden, string Source, EquatableArray<ResolvedTensor> Tensors);

/// <summary>A tower as a strip of marks.</summary>
/// <param name="Place">Where its layers lie in a checkpoint, without the index.</param>
sealed record TowerStrip(ResolvedTower Tower, string Place, string Strip, EquatableArray<LayerKind> Kinds);

/// <summary>Finds the few kinds that a model's many layers are of.</summary>
static class LayerKinds
{
    const string AnyLayer = "*";

    // Where letters begin that no mixer has; the language's bound on different layers ends long before they do.
    const char FirstLetter = '\u4E00';

    /// <summary>The towers as strips; a kind that two towers share is one object with one mark.</summary>
    public static (EquatableArray<LayerKind> Kinds, EquatableArray<TowerStrip> Strips) Of(
        EquatableArray<ResolvedTower> towers, EquatableArray<ResolvedLayer> layers, EquatableArray<ResolvedTensor> tensors)
    {
        var (kinds, strips) = Of([(towers, layers, tensors)]);
        return (kinds, strips[0]);
    }

    /// <summary>The towers of several models as strips over kinds that they share.</summary>
    public static (EquatableArray<LayerKind> Kinds, EquatableArray<EquatableArray<TowerStrip>> Strips) Of(
        IReadOnlyList<(EquatableArray<ResolvedTower> Towers, EquatableArray<ResolvedLayer> Layers, EquatableArray<ResolvedTensor> Tensors)> models)
    {
        var contents = models.Select(model => ContentsOf(model.Towers, model.Layers, model.Tensors)).ToArray();
        var kinds = Named(contents.SelectMany(model => model.Contents).Distinct().ToArray());
        var kindOf = kinds.ToDictionary(kind => kind.Content);
        return (kinds, [.. models.Zip(contents, (model, its) => model.Towers.Select(tower => StripOf(tower, its.Places, its.Contents)).ToEquatableArray())]);

        TowerStrip StripOf(ResolvedTower tower, Dictionary<string, string> places, Content[] contents)
        {
            var own = contents.Skip(tower.First).Take(tower.Layers).Select(content => kindOf[content]).ToArray();
            return new(tower, places[tower.Name], string.Concat(own.Select(kind => kind.Mark)), own.Distinct().ToEquatableArray());
        }
    }

    static (Dictionary<string, string> Places, Content[] Contents) ContentsOf(
        EquatableArray<ResolvedTower> towers, EquatableArray<ResolvedLayer> layers, EquatableArray<ResolvedTensor> tensors)
    {
        var ofLayer = tensors.Where(tensor => tensor.Layer >= 0).ToLookup(tensor => tensor.Layer);
        var places = towers.ToDictionary(tower => tower.Name, tower => PlaceOf(ofLayer[tower.First]));
        return (places, layers.Select(layer => ContentOf(layer, $"{places[layer.Tower]}.{Literal.Of(layer.LocalIndex)}", ofLayer[layer.Index])).ToArray());
    }

    // The first layer of a tower is its layer 0: what stands before ".0." in all of its tensors' names is the tower's place.
    static string PlaceOf(IEnumerable<ResolvedTensor> tensorsOfFirstLayer)
    {
        var names = tensorsOfFirstLayer.Select(tensor => tensor.Name).ToArray();
        var end = names[0].IndexOf(".0.", StringComparison.Ordinal);
        var place = end < 0 ? "" : names[0].Substring(0, end);
        return names.All(name => name.StartsWith(place + ".0.", StringComparison.Ordinal)) ? place : "";
    }

    static Content ContentOf(ResolvedLayer layer, string place, IEnumerable<ResolvedTensor> tensors) =>
        new(layer.Mixer, layer.NormEps, layer.MlpHidden, layer.Source, tensors.Select(tensor => Anywhere(tensor, place)).ToEquatableArray());

    static ResolvedTensor Anywhere(ResolvedTensor tensor, string place) =>
        new(Anywhere(tensor.Name, place), tensor.Shape, tensor.Group, Layer: -1, tensor.Origin switch
        {
            Copied copied => new Copied(Anywhere(copied.From, place)),
            Sliced sliced => new Sliced(Anywhere(sliced.From, place), sliced.First, sliced.Rows, sliced.Stride),
            _ => tensor.Origin,
        });

    static string Anywhere(string name, string place) =>
        name.StartsWith(place + ".", StringComparison.Ordinal) ? AnyLayer + name.Substring(place.Length) : name;

    static EquatableArray<LayerKind> Named(Content[] contents)
    {
        var (counts, kinds) = (new Dictionary<MixerKind, int>(), new List<LayerKind>());
        var alike = contents.GroupBy(content => content.Mixer.Kind).ToDictionary(same => same.Key, same => same.Count());
        foreach (var content in contents)
        {
            var mixer = content.Mixer.Kind;
            counts[mixer] = counts.TryGetValue(mixer, out var before) ? before + 1 : 1;
            // A model of so many kinds is past reading as a strip; any letters do, as long as no two kinds share one.
            var mark = before < mixer.Marks.Length ? mixer.Marks[before] : (char)(FirstLetter + kinds.Count);
            var variable = Identifier.Camel(mixer.Word);
            kinds.Add(new(mark, alike[mixer] == 1 ? variable : $"{variable}_{counts[mixer].ToString(CultureInfo.InvariantCulture)}", content));
        }
        return new(kinds);
    }
}
