using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Mixers;
using static MmMamba.ModelDsl.Rendering.JsonTree;

namespace MmMamba.ModelDsl.Rendering;

using Fields = List<(string Key, JsonTree Value)>;

/// <summary>
/// The language's keys as a JSON Schema, for editors: completion, hovers, and the mistakes that one file alone shows. It is draft-07,
/// which YAML language servers complete best, and holds no references, as draft-07 would drop the description beside one.
/// </summary>
public static class JsonSchema
{
    /// <summary>The schema's text.</summary>
    public static string Render()
    {
        var isFamily = ("if", Object([("required", Texts(["ablation"]))]));
        return Object(
        [
            ("$schema", Text("http://json-schema.org/draft-07/schema#")),
            ("title", Text("mmmodel, edition 1")),
            isFamily,
            ("then", File("An ablation family: models that differ from one base in what is studied.", FamilyShape.Root)),
            ("else", File("A hybrid vision-language model: what it is, and how it is distilled.", SpecShape.Root)),
        ]).ToString();
    }

    static JsonTree File(string says, MappingShape root) => Object(
    [
        ("description", Text(says)),
        .. Mapping(root),
        ("required", Texts(root.Keys.Where(key => key is { Own: true, Required: true }).Select(key => key.Name))),
        // Who extends another one inherits what it doesn't write; a base writes everything.
        ("if", Object([("required", Texts(["extends"]))])),
        ("then", Value("true")),
        ("else", Object(Needed(root, top: true))),
    ]);

    static JsonTree Key(KeyShape key, bool removable)
    {
        Fields fields = [("description", Text(key.Says)), .. Of(key.Shape)];
        return Object(removable ? OrRemoved(fields) : fields);
    }

    /// <summary>The schema, with <c>~</c> as one more value.</summary>
    static Fields OrRemoved(Fields fields) =>
    [
        .. fields.Select(field => field.Key switch
        {
            "type" => (field.Key, List([field.Value, Text("null")])),
            "enum" or "anyOf" => (field.Key, field.Value.With(field.Key == "enum" ? Value("null") : Object([("type", Text("null"))]))),
            _ => field,
        }),
    ];

    static Fields Of(Shape shape) => shape switch
    {
        IntegerShape { OffWord: true } integer => AnyOf([Object(Whole(integer)), Enum(["off"], "false")]),
        IntegerShape integer => Whole(integer),
        NumberShape number =>
            [("type", Text("number")), (number.Above ? "exclusiveMinimum" : "minimum", Number(number.Min)), ("maximum", Number(number.Max))],
        FractionShape => AnyOf([
            Object([("type", Text("number")), ("minimum", Value("0")), ("maximum", Value("1"))]),
            Matching(@"^\+?(100(\.0*)?|\d{1,2}(\.\d*)?|\.\d+) *%$")]),
        SizeShape => [("type", Text("string")), ("pattern", Text($"^[-+0-9.eE]+ *({string.Join("|", Scalars.Units.Keys)})$"))],
        WhereShape => [("type", Text("string")), ("pattern", Text(@"^ *[a-z][a-z0-9_]* *(\[ *\d+ *(\.\. *\d+ *)?(, *\d+ *(\.\. *\d+ *)?)*\])? *$"))],
        SwitchShape => [("enum", List([Text("on"), Text("off"), Value("true"), Value("false")]))],
        WordShape words => [("enum", Texts(words.Words))],
        TextShape or ModelNameShape => [("type", Text("string"))],
        IdentifierShape => [("type", Text("string")), ("pattern", Text("^[A-Z][A-Za-z0-9_]{0,99}$"))],
        EditionShape => [("enum", List([Value("1")]))],
        IndexRangeShape => AnyOf([Object([("type", Text("integer")), ("minimum", Value("0"))]), Matching(@"^\s*\d+\s*\.\.\s*\d+\s*$")]),
        ListShape list => Items(list),
        MappingShape mapping => Mapping(mapping),
        ChoiceShape choice => Choice(choice),
        TowersShape towers => Towers(towers),
        NamedShape named =>
        [
            ("type", Text("object")), ("minProperties", Value("1")),
            ("propertyNames", Object([("pattern", Text(named.Pattern))])), ("additionalProperties", Object(OrRemoved(Of(named.Item)))),
        ],
        ControlShape => AnyOf([Object([("type", Text("string"))]), Object([("type", Text("object")), ("minProperties", Value("1"))])]),
        AnyShape => [],
        LayersShape => AnyOf([
            .. LayersShape.Placements.Select(mixer => Constant(mixer.Name, "Every layer.")),
            Object([.. Mapping(LayersShape.Placements), ("minProperties", Value("1"))])]),
        PlacementShape placement => Placement(placement),
        _ => throw new InvalidOperationException("A shape without a schema."),
    };

    static Fields Whole(IntegerShape shape) => [("type", Text("integer")), ("minimum", Number(shape.Min)), ("maximum", Number(shape.Max))];

    static Fields Items(ListShape list)
    {
        // An item inherits nothing, so it is whole by itself.
        Fields item = list.Item is MappingShape { Keys: var keys } ? [.. Of(list.Item), ("required", Texts(keys.Where(key => key.Required).Select(key => key.Name)))] : Of(list.Item);
        Fields fields = [("type", Text("array")), ("items", Object(item))];
        if (list.Count is { } count) fields.AddRange([("minItems", Number(count)), ("maxItems", Number(count))]);
        else if (!list.MayBeEmpty) fields.Add(("minItems", Value("1")));
        if (list.Distinct) fields.Add(("uniqueItems", Value("true")));
        return fields;
    }

    static Fields Mapping(MappingShape shape) => Mapping(shape.Keys);

    static Fields Mapping(IEnumerable<KeyShape> keys, bool removable = true) =>
    [
        ("type", Text("object")),
        ("properties", Object(keys.Select(key => (key.Name, Key(key, removable && !key.Own))))),
        ("additionalProperties", Value("false")),
    ];

    static Fields Choice(ChoiceShape choice) => AnyOf([
        .. choice.Cases.Where(ChoiceShape.MayBeWord).Select(one => Constant(one.Name, one.Says)),
        Object([.. Mapping(choice.Cases, removable: false), ("minProperties", Value("1")), ("maxProperties", Value("1"))])]);

    static Fields Towers(TowersShape towers) =>
    [
        ("type", Text("array")), ("minItems", Value("1")), ("maxItems", Number(SpecShape.MaxTowers)),
        ("items", Object(
        [
            ("type", Text("object")), ("minProperties", Value("1")), ("maxProperties", Value("1")),
            ("propertyNames", Object([("pattern", Text("^[a-z]([a-z0-9_]*[a-z])?$"))])),
            ("additionalProperties", Object(AnyOf([
                Object(Whole(towers.Layers)),
                Object([.. Mapping(towers.Tower), ("required", Texts(towers.Tower.Keys.Where(key => key.Required).Select(key => key.Name)))])]))),
        ])),
    ];

    static Fields Placement(PlacementShape placement)
    {
        List<JsonTree> forms =
        [
            .. placement.Words.Select(word => Constant(word, word switch { "rest" => "What the other mixers leave.", "all" => "Every layer.", _ => "No layer." })),
            Object([.. Mapping(PlacementShape.Counted), ("minProperties", Value("1"))]),
            Object([.. Mapping(PlacementShape.Periodic), ("minProperties", Value("1"))]),
            Object([.. Mapping(PlacementShape.Listed), ("minProperties", Value("1"))]),
        ];
        if (!placement.InTower)
            forms.Add(Object(
            [
                ("type", Text("object")), ("description", Text("A placement for each tower, with indices local to it.")), ("minProperties", Value("1")),
                ("propertyNames", Object([("not", Object([("enum", Texts(PlacementShape.FormKeys))]))])),
                ("additionalProperties", Object(OrRemoved(Placement(PlacementShape.OfTower)))),
            ]));
        return AnyOf(forms);
    }

    /// <summary>What a mapping needs to be complete, without the rest: the form that a base has to hold besides.</summary>
    static Fields Needed(MappingShape shape, bool top = false)
    {
        var fields = new Fields();
        var required = shape.Keys.Where(key => key is { Required: true, Own: false }).Select(key => key.Name).ToList();
        if (required.Count > 0) fields.Add(("required", Texts(required)));
        // A tower may bring what the model's own attention leaves open.
        Inside(fields, shape.Keys.Where(key => !(top && MixerKinds.Find(key.Name) is not null)));
        return fields;
    }

    static void Inside(Fields fields, IEnumerable<KeyShape> keys)
    {
        var inside = keys.Select(key => (key.Name, Fields: Needed(key.Shape))).Where(key => key.Fields.Count > 0).ToList();
        if (inside.Count > 0) fields.Add(("properties", Object(inside.Select(key => (key.Name, Object(key.Fields))))));
    }

    static Fields Needed(Shape shape)
    {
        switch (shape)
        {
            case MappingShape mapping: return Needed(mapping);
            case ChoiceShape choice:
                var fields = new Fields();
                Inside(fields, choice.Cases);
                return fields;
            case LayersShape: return [("properties", Object(LayersShape.Placements.Select(mixer => (mixer.Name, Object(Whole())))))];
            default: return [];
        }

        static Fields Whole() => [Together(), ("additionalProperties", Object([Together()]))];
        static (string, JsonTree) Together() => ("dependencies", Object(
            new[] { PlacementShape.Counted, PlacementShape.Periodic }.SelectMany(form =>
                form.Keys.Where(key => key.Name != "from")
                    .Select(key => (key.Name, Texts(form.Keys.Where(other => other != key).Select(other => other.Name)))))));
    }

    static Fields AnyOf(IEnumerable<JsonTree> forms) => [("anyOf", List(forms))];
    static JsonTree Enum(IEnumerable<string> words, string value) => Object([("enum", List([.. words.Select(Text), Value(value)]))]);
    static JsonTree Constant(string word, string says) => Object([("const", Text(word)), ("description", Text(says))]);
    static JsonTree Matching(string pattern) => Object([("type", Text("string")), ("pattern", Text(pattern))]);
    static JsonTree Number(decimal number) => Value(CanonicalNumber.Of(number));
}
