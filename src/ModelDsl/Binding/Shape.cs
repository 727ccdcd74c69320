using System.Globalization;
using MmMamba.ModelDsl.Mixers;

namespace MmMamba.ModelDsl.Binding;

/// <summary>What may stand at a place of a spec. <see cref="SpecShape"/> is the table made of these.</summary>
abstract class Shape
{
    /// <summary>The shape in words, for "expected ...".</summary>
    public abstract string Expected { get; }
}

/// <param name="offWord">Whether <c>off</c> may stand for 0.</param>
sealed class IntegerShape(int min, int max, bool offWord = false) : Shape
{
    public int Min => min;
    public int Max => max;
    public bool OffWord => offWord;
    public override string Expected => string.Format(
        CultureInfo.InvariantCulture, "a whole number from {0} to {1}{2}", min, max, offWord ? ", or `off`" : "");
}

/// <param name="above">Whether the least number itself is left out.</param>
sealed class NumberShape(decimal min, decimal max, bool above = false) : Shape
{
    public decimal Min => min;
    public decimal Max => max;
    public bool Above => above;
    public bool Holds(decimal value) => value <= max && (above ? value > min : value >= min);
    public override string Expected => string.Format(
        CultureInfo.InvariantCulture, above ? "a number above {0}, up to {1}" : "a number from {0} to {1}", min, max);
}

/// <summary>A share of a whole: <c>10%</c>, or 0.1.</summary>
sealed class FractionShape : Shape
{
    public override string Expected => "a share from `0%` to `100%`";
}

/// <summary>Bytes with a unit: <c>4 GiB</c>.</summary>
sealed class SizeShape : Shape
{
    public override string Expected => "a size with its unit (" + string.Join(", ", Scalars.Units.Keys) + "), such as `4 GiB`";
}

/// <summary>Layers by name: a tower, or indices in brackets after it; see <see cref="LayerSelector"/>.</summary>
sealed class WhereShape : Shape
{
    public override string Expected => "a tower such as `decoder`, layers of it such as `decoder[0, 8..15]`, or `layers[...]` over the model";
}

sealed class SwitchShape : Shape
{
    public override string Expected => "`on` or `off`";
}

sealed class WordShape(params string[] words) : Shape
{
    public IReadOnlyList<string> Words => words;
    public override string Expected => Quote.OneOf(words);
}

sealed class TextShape : Shape
{
    public override string Expected => "text";
}

/// <summary>The name of a model of this tree.</summary>
sealed class ModelNameShape : Shape
{
    public override string Expected => "the name of a model";
}

/// <summary>The name that the spec gives to its own model.</summary>
sealed class IdentifierShape : Shape
{
    public override string Expected => "a C# identifier that begins with a capital letter, such as `MmMambaHybrid`";
}

sealed class EditionShape : Shape
{
    public override string Expected => "the edition `1`";
}

/// <param name="what">The items in words, plural.</param>
/// <param name="count">How many there must be, if that is fixed.</param>
/// <param name="distinct">Whether an item may stand there only once.</param>
/// <param name="mayBeEmpty">Whether the list may have no items.</param>
sealed class ListShape(string what, Shape item, int? count = null, bool distinct = false, bool mayBeEmpty = false) : Shape
{
    public Shape Item => item;
    public int? Count => count;
    public bool Distinct => distinct;
    public bool MayBeEmpty => mayBeEmpty;
    public override string Expected => count is { } fixedCount
        ? string.Format(CultureInfo.InvariantCulture, "a list of {0} {1}", fixedCount, what)
        : "a list of " + what;
}

/// <param name="Own">Whether the key speaks of this file alone, so that models which extend it don't inherit it.</param>
/// <param name="Says">What the key means, in a sentence: for the schema's hovers and the reference page.</param>
sealed record KeyShape(string Name, Shape Shape, bool Required = false, bool Own = false, string Says = "");

sealed class MappingShape(params KeyShape[] keys) : Shape
{
    public IReadOnlyList<KeyShape> Keys => keys;
    public IReadOnlyCollection<string> Names { get; } = [.. keys.Select(key => key.Name)];
    public KeyShape? Find(string name) => Array.Find(keys, key => key.Name == name);
    public override string Expected => keys.Length == 0 ? "nothing inside" : "a mapping with " + Quote.OneOf(Names);
}

/// <summary>
/// One of several cases: a mapping of one key, <c>{ wsd: ... }</c>, or its word alone where the case needs nothing said. Merging
/// patches the same case and replaces another one whole.
/// </summary>
sealed class ChoiceShape(params KeyShape[] cases) : Shape
{
    public IReadOnlyCollection<string> Names { get; } = [.. cases.Select(one => one.Name)];
    public IReadOnlyList<KeyShape> Cases => cases;
    public KeyShape? Find(string name) => Array.Find(cases, one => one.Name == name);
    public override string Expected => "one of " + Quote.OneOf(Names);

    /// <summary>Whether the word of a case is enough.</summary>
    public static bool MayBeWord(KeyShape one) => one.Shape is MappingShape mapping && !mapping.Keys.Any(key => key.Required);
}

/// <summary>A list of towers: <c>{ NAME: LAYERS }</c> or <c>{ NAME: { layers: ..., overrides } }</c>.</summary>
sealed class TowersShape(MappingShape tower, IntegerShape layers) : Shape
{
    public MappingShape Tower => tower;
    public IntegerShape Layers => layers;
    public override string Expected => "a list of towers, such as `[ { embedding: 8 }, { decoder: 24 } ]`";
}

/// <summary>A mixer's name, or a mapping from mixers to placements.</summary>
sealed class LayersShape : Shape
{
    public static PlacementShape Placement { get; } = new(inTower: false);
    public static IReadOnlyList<KeyShape> Placements { get; } =
        [.. MixerKinds.All.Select(kind => new KeyShape(kind.Word, Placement, Says: kind.SaysPlacement))];
    public static IReadOnlyList<string> Mixers { get; } = [.. Placements.Select(mixer => mixer.Name)];
    public override string Expected => string.Join(", ", Mixers.Select(Quote.Of)) + ", or a mapping that places them";
}

/// <summary>A phrase that says which layers a mixer takes, over the model or over one tower.</summary>
sealed class PlacementShape(bool inTower) : Shape
{
    public static IReadOnlyList<string> FormKeys { get; } = ["count", "from", "pattern", "every", "at"];
    public static PlacementShape OfTower { get; } = new(inTower: true);

    public bool InTower => inTower;
    public IReadOnlyList<string> Words { get; } = inTower ? ["all", "none"] : ["rest", "all", "none"];
    public override string Expected => Quote.OneOf(
        [.. Words, "{ count: 8, from: head, pattern: interleaved }", "{ every: 4, from: head }", "{ at: [0, 4, 8..11] }"]);

    /// <summary>What each form's keys hold; <c>count</c> and <c>pattern</c> go with <c>from</c>, and so does <c>every</c>.</summary>
    public static MappingShape Counted { get; } = new(
        new("count", new IntegerShape(0, SpecShape.MaxLayers), true, Says: "How many layers."),
        new("from", new WordShape("head", "tail"), true, Says: "The end from which they are counted: the input's (`head`) or the output's (`tail`)."),
        new("pattern", new WordShape("interleaved", "stacked"), true, Says: "One layer of each of `count` equal blocks (`interleaved`), or all of them in a row (`stacked`)."));
    public static MappingShape Periodic { get; } = new(
        new("every", new IntegerShape(1, SpecShape.MaxLayers), true, Says: "One layer of every so many."),
        new("from", new WordShape("head", "tail"), true, Says: "Whether it is the first of them (`head`) or the last (`tail`)."));
    public static MappingShape Listed { get; } = new(
        new KeyShape("at", new ListShape("layer indices", new IndexRangeShape()), Required: true, Says: "The layers' indices from 0, ranges with both ends: `[0, 4, 8..11]`."));
}

/// <summary>A layer's index, or a range of them with both ends: <c>8..11</c>.</summary>
sealed class IndexRangeShape : Shape
{
    public override string Expected => "a layer's index such as `4`, or a range such as `8..11`";
}
