using System.Globalization;
using CsCheck;
using MmMamba.ModelDsl.Binding;

namespace MmMamba.ModelDsl.Tests;

/// <summary>Generators of texts of the language.</summary>
static class Generate
{
    /// <summary>One of the values, each as likely as the others.</summary>
    public static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    /// <summary>
    /// An overlay of any keys of the language, made from the table of keys itself: every kind of value, words and mappings of choices, every
    /// form of placement, and removals wherever they may stand. Each file of it is in shape; whether a model comes of it is another matter.
    /// </summary>
    public static Gen<string> Overlay { get; } = Entries(
        [.. SpecShape.Root.Keys.Where(key => !key.Own)], 0.35, key => Removable(Value(key.Shape))).Select(body => $"mmmodel: 1\nmodel: Overlay\n{Block(body)}");

    static string Block(IReadOnlyList<string> entries) => string.Concat(entries.Select(entry => entry + "\n"));

    static Gen<string> Flow(Gen<IReadOnlyList<string>> entries) => entries.Select(all => all.Count == 0 ? "{}" : "{ " + string.Join(", ", all) + " }");

    static Gen<string> Removable(Gen<string> value) => Gen.Int[0, 4].SelectMany(pick => pick == 0 ? Gen.Const("~") : value);

    static Gen<string> Number(decimal value) => Gen.Const(value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Some of the keys, each with a value.</summary>
    static Gen<IReadOnlyList<string>> Entries(IReadOnlyList<KeyShape> keys, double share, Func<KeyShape, Gen<string>> value) =>
        keys.Aggregate(Gen.Const((IReadOnlyList<string>)[]), (before, key) => Gen.Select(before, Gen.Double[0, 1], value(key),
            (entries, pick, text) => pick < share || key.Own ? [.. entries, $"{key.Name}: {text}"] : entries));

    static Gen<string> Value(Shape shape) => shape switch
    {
        IntegerShape { OffWord: true } integer => Gen.Select(Gen.Bool, Whole(integer), (off, value) => off ? "off" : value),
        IntegerShape integer => Whole(integer),
        NumberShape number => Gen.Int[1, 3].SelectMany(i => Number(number.Min + (number.Max - number.Min) / 10 * i)),
        FractionShape => OneOf("0%", "10%", "0.25", "50 %"),
        SizeShape => OneOf("1 GiB", "1.5 GB", "7 B"),
        WhereShape => OneOf("embedding", "\"decoder[0, 2..3]\"", "\"layers[1]\""),
        SwitchShape => OneOf("on", "off", "true"),
        WordShape words => OneOf([.. words.Words]),
        TextShape => OneOf("\"\"", "text", "'a: b # c'"),
        ModelNameShape => Gen.Const("TinyHovle"),
        IndexRangeShape => OneOf("0", "1..2", "5"),
        // Items that may stand there once are too many to draw among; the first ones do.
        ListShape { Distinct: true, Item: WordShape words } => Gen.Int[1, 3].Select(count => $"[{string.Join(", ", words.Words.Skip(1).Take(count))}]"),
        ListShape { Count: { } count } list => Value(list.Item).Array[count].Select(items => $"[{string.Join(", ", items)}]"),
        ListShape list => Value(list.Item).Array[1, 2].Select(items => $"[{string.Join(", ", items)}]"),
        MappingShape mapping => Flow(Entries(mapping.Keys, 0.5, key => key.Own ? Value(key.Shape) : Removable(Value(key.Shape)))),
        ChoiceShape choice => OneOf([.. choice.Cases]).SelectMany(one => Gen.Bool.SelectMany(word =>
            word && ChoiceShape.MayBeWord(one) ? Gen.Const(one.Name) : Value(one.Shape).Select(inside => $"{{ {one.Name}: {inside} }}"))),
        TowersShape towers => Gen.Select(Whole(towers.Layers), Entries([.. towers.Tower.Keys.Where(key => !key.Required)], 0.5, key => Removable(Value(key.Shape))),
            (layers, own) => $"[ {{ embedding: {layers} }}, {{ decoder: {{ {string.Join(", ", [$"layers: {layers}", .. own])} }} }} ]"),
        LayersShape => Gen.Int[0, 2].SelectMany(pick => pick == 0
            ? OneOf([.. LayersShape.Mixers])
            : Flow(Entries(LayersShape.Placements, 0.7, key => Removable(Value(key.Shape)))).Where(text => text != "{}")),
        PlacementShape placement => Placement(placement),
        _ => throw new InvalidOperationException("A shape without a generator."),
    };

    static Gen<string> Whole(IntegerShape integer) => Gen.Int[integer.Min, Math.Min(integer.Max, integer.Min + 5)].SelectMany(value => Number(value));

    static Gen<string> Placement(PlacementShape placement) => Gen.Int[0, placement.InTower ? 3 : 4].SelectMany(form => form switch
    {
        0 => OneOf([.. placement.Words]),
        1 => Phrase(PlacementShape.Counted),
        2 => Phrase(PlacementShape.Periodic),
        3 => Value(PlacementShape.Listed.Keys[0].Shape).Select(at => $"{{ at: {at} }}"),
        _ => Gen.Select(Removable(Value(PlacementShape.OfTower)), Value(PlacementShape.OfTower), (one, other) => $"{{ embedding: {one}, decoder: {other} }}"),
    });

    static Gen<string> Phrase(MappingShape form) =>
        Flow(Entries(form.Keys, 0.6, key => Removable(Value(key.Shape)))).Where(text => text != "{}");
}
