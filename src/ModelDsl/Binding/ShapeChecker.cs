using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>Holds the nodes of one file against the table of keys. What only several keys or files together decide comes later.</summary>
sealed class ShapeChecker(string path, List<Diagnostic> found)
{
    public void CheckRoot(MappingNode root)
    {
        var (model, family) = (root.Find("model"), root.Find("ablation"));
        if (model is not null && family is not null)
            Add(FamilyDiagnostics.ModelAndFamily, root.Entries.Last(entry => entry == model || entry == family).Key);
        else if (family is not null || (model is null && root.Entries.Any(entry => IsFamilys(entry.Key.Text)))) Check(root, FamilyShape.Root, "a family");
        else Check(root, SpecShape.Root, "a spec");
    }

    // Where what names the file is misspelt, the other keys tell which of the two it is.
    static bool IsFamilys(string key) =>
        SpecShape.Root.Find(key) is null && (FamilyShape.Root.Find(key) is not null || Suggestion.Nearest(key, ["ablation"]) is not null);

    /// <summary>Checks a whole file.</summary>
    public void Check(MappingNode root, MappingShape shape, string owner)
    {
        foreach (var key in shape.Keys)
            // A misspelt key is not also a missing one.
            if (key is { Own: true, Required: true } && root.Find(key.Name) is null
                && !root.Entries.Any(entry => shape.Find(entry.Key.Text) is null && Suggestion.Nearest(entry.Key.Text, shape.Names) == key.Name))
                found.Add(Diagnostics.MissingKey.At(path, root.Entries.Count > 0 ? root.Entries[0].Key.Span : root.Span, owner, Quote.Of(key.Name), key.Shape.Expected));
        Entries(root, shape, owner);
    }

    void Entries(MappingNode mapping, MappingShape shape, string owner)
    {
        foreach (var entry in mapping.Entries)
        {
            if (shape.Find(entry.Key.Text) is not { } key) Unknown(entry.Key, owner, shape.Names);
            else Entry(entry, key.Shape, removable: !key.Own);
        }
    }

    void Entry(Entry entry, Shape shape, bool removable = true)
    {
        var name = Quote.Of(entry.Key.Text);
        if (entry.Value is ScalarNode { Kind: ScalarKind.Empty }) Add(Diagnostics.EmptyValue, entry.Key, name);
        else if (!(removable && IsRemoval(entry.Value))) Value(entry.Value, shape, name);
    }

    /// <summary>Checks one value.</summary>
    public void Value(Node node, Shape shape, string name)
    {
        switch (shape)
        {
            case IntegerShape integer:
                if (integer.OffWord && Scalars.IsOff(node)) break;
                if (!IsNumber(node)) Mistyped(node, shape, name);
                else if (Scalars.Number(node) is { } number && Scalars.Integer(node) is null && number != decimal.Truncate(number)) Mistyped(node, shape, name);
                else if (!(Scalars.Integer(node) is { } value && value >= integer.Min && value <= integer.Max)) Outside(node, shape, name);
                break;
            case NumberShape bounds:
                if (!IsNumber(node)) Mistyped(node, shape, name);
                else if (!(Scalars.Number(node) is { } value && bounds.Holds(value))) Outside(node, shape, name);
                break;
            case FractionShape:
                if (Scalars.Fraction(node) is { } share ? share is < 0 or > 1 : IsNumber(node)) Outside(node, shape, name);
                else if (Scalars.Fraction(node) is null) Mistyped(node, shape, name);
                break;
            case SizeShape:
                if (Scalars.Bytes(node) is null) Mistyped(node, shape, name);
                break;
            case WhereShape:
                if (Scalars.Word(node) is not { } where) Mistyped(node, shape, name);
                else if (LayerSelector.Parse(where) is null) Add(Diagnostics.NotLayers, node, Quote.Of(where), shape.Expected);
                break;
            case SwitchShape:
                if (Scalars.Switch(node) is null) Mistyped(node, shape, name);
                break;
            case WordShape words:
                if (Scalars.Word(node) is not { } word) Mistyped(node, shape, name);
                else if (!words.Words.Contains(word)) UnknownWord(node, word, name, words.Words);
                break;
            case TextShape or ModelNameShape:
                if (Scalars.Word(node) is null) Mistyped(node, shape, name);
                break;
            case IdentifierShape:
                if (Scalars.Word(node) is not { } identifier) Mistyped(node, shape, name);
                else if (!Identifiers.IsClassName(identifier)) Add(Diagnostics.ModelName, node, Quote.Of(identifier), shape.Expected);
                else if (ReservedNames.Contains(identifier)) Add(Diagnostics.TakenName, node, Quote.Of(identifier));
                break;
            case EditionShape:
                if (!IsNumber(node)) Mistyped(node, shape, name);
                else if (Scalars.Integer(node) is not 1) Add(Diagnostics.Edition, node);
                break;
            case IndexRangeShape:
                if (Scalars.Range(node) is not { } range || range.Last < range.First) Mistyped(node, shape, name);
                break;
            case ListShape list: List(node, list, name); break;
            case MappingShape mapping:
                if (node is MappingNode inside) Entries(inside, mapping, name);
                else Mistyped(node, shape, name);
                break;
            case ChoiceShape choice: Choice(node, choice, name); break;
            case TowersShape towers: Towers(node, towers, name); break;
            case LayersShape: Layers(node, name); break;
            case PlacementShape placement: Placement(node, placement, name); break;
            case NamedShape named: Named(node, named, name); break;
            case ControlShape:
                if (Scalars.Word(node) is null && node is not MappingNode { Entries.Count: > 0 }) Mistyped(node, shape, name);
                break;
            case FigureShape:
                if (!FigureShape.Holds(node)) Mistyped(node, shape, name);
                break;
            case AnyShape: break;
            default: throw new InvalidOperationException("A shape without a check.");
        }
    }

    void List(Node node, ListShape shape, string name)
    {
        if (node is not SequenceNode list || (shape.Count is { } count && list.Items.Count != count) || (list.Items.Count == 0 && !shape.MayBeEmpty))
        {
            if (node is SequenceNode wrong)
                Add(Diagnostics.WrongType, node, name, shape.Expected, wrong.Items.Count == 0 ? "an empty list" : $"a list of {Quote.Number(wrong.Items.Count)}");
            else Mistyped(node, shape, name);
            return;
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in list.Items)
        {
            Value(item, shape.Item, "an item of " + name);
            if (!shape.Distinct || Scalars.Word(item) is not { } word) continue;
            if (!seen.Add(word)) Add(Diagnostics.Repeated, item, Quote.Of(word));
        }
        // `ssm` holds the introduced groups already, so one of them beside it is there twice.
        if (shape.Distinct && seen.Contains(SpecShape.Introduced))
            foreach (var item in list.Items)
                if (Scalars.Word(item) is { } word && SpecShape.IsIntroduced(word))
                    Add(Diagnostics.Repeated, item, $"{Quote.Of(word)} is part of `ssm`, which");
    }

    void Choice(Node node, ChoiceShape shape, string name)
    {
        switch (node)
        {
            case ScalarNode { Kind: ScalarKind.Text } scalar:
                if (shape.Find(scalar.Text) is not { } word) UnknownWord(node, scalar.Text, name, shape.Names);
                else if (!ChoiceShape.MayBeWord(word))
                    Add(Diagnostics.WrongType, node, name, $"`{{ {word.Name}: ... }}`, {word.Shape.Expected}", "the word alone");
                break;
            case MappingNode { Entries.Count: 0 }:
                Add(Diagnostics.WrongType, node, name, shape.Expected, "an empty mapping");
                break;
            case MappingNode cases:
                foreach (var entry in cases.Entries)
                {
                    if (shape.Find(entry.Key.Text) is not { } one) Unknown(entry.Key, name, shape.Names);
                    else Entry(entry, one.Shape, removable: false);
                }
                if (cases.Entries.Count > 1 && cases.Entries.All(entry => shape.Find(entry.Key.Text) is not null))
                    Add(Diagnostics.OneCase, cases.Entries[1].Key, name, Quote.OneOf(cases.Entries.Select(entry => entry.Key.Text)));
                break;
            default: Mistyped(node, shape, name); break;
        }
    }

    void Towers(Node node, TowersShape shape, string name)
    {
        if (node is not SequenceNode { Items.Count: > 0 } list)
        {
            Mistyped(node, shape, name);
            return;
        }
        if (list.Items.Count > SpecShape.MaxTowers)
            Add(Diagnostics.OutOfRange, node, "the number of towers", $"at most {Quote.Number(SpecShape.MaxTowers)}", Quote.Number(list.Items.Count));
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var item in list.Items)
        {
            if (item is not MappingNode { Entries.Count: 1 } tower)
            {
                Add(Diagnostics.WrongType, item, "a tower", "`{ NAME: LAYERS }` or `{ NAME: { layers: LAYERS, ... } }`",
                    item is MappingNode { Entries.Count: > 1 } ? "several keys" : Quote.Describe(item));
                continue;
            }
            var entry = tower.Entries[0];
            if (!Identifiers.IsTowerName(entry.Key.Text))
                Add(Diagnostics.WrongType, entry.Key, "a tower's name", "small letters, digits and underscores that end with a letter", Quote.Describe(entry.Key));
            else if (!names.Add(entry.Key.Text)) Add(Diagnostics.Repeated, entry.Key, Quote.Of(entry.Key.Text));
            Entry(entry, entry.Value is MappingNode ? shape.Tower : shape.Layers, removable: false);
        }
    }

    void Named(Node node, NamedShape shape, string name)
    {
        if (node is not MappingNode { Entries.Count: > 0 } mapping)
        {
            Mistyped(node, shape, name);
            return;
        }
        foreach (var entry in mapping.Entries)
        {
            if (shape.IsName(entry.Key.Text)) Entry(entry, shape.Item, shape.Removable);
            else Add(FamilyDiagnostics.NotAName, entry.Key, Quote.Of(entry.Key.Text), shape.What, shape.Names);
        }
    }

    void Layers(Node node, string name)
    {
        if (Scalars.Word(node) is { } word)
        {
            if (!LayersShape.Mixers.Contains(word)) UnknownWord(node, word, name, LayersShape.Mixers);
        }
        else if (node is MappingNode { Entries.Count: > 0 } mixers)
        {
            foreach (var entry in mixers.Entries)
            {
                if (LayersShape.Mixers.Contains(entry.Key.Text)) Entry(entry, LayersShape.Placement);
                else Unknown(entry.Key, name, LayersShape.Mixers);
            }
        }
        else Mistyped(node, new LayersShape(), name);
    }

    void Placement(Node node, PlacementShape shape, string name)
    {
        if (Scalars.Word(node) is { } word)
        {
            if (!shape.Words.Contains(word)) UnknownWord(node, word, name, shape.Words);
            return;
        }
        if (node is not MappingNode { Entries.Count: > 0 } mapping)
        {
            Mistyped(node, shape, name);
            return;
        }
        var form = PlacementForm.Of(mapping);
        if (form == PlacementForm.Towers && !shape.InTower)
        {
            foreach (var entry in mapping.Entries)
            {
                if (PlacementShape.FormKeys.Contains(entry.Key.Text))
                    Add(Diagnostics.MixedForms, entry.Key, Quote.Of(entry.Key.Text), "the placement by tower", shape.Expected);
                else if (Suggestion.Nearest(entry.Key.Text, PlacementShape.FormKeys) is not null) Unknown(entry.Key, name, PlacementShape.FormKeys);
                // Which towers there are is known once the bases are.
                else Entry(entry, PlacementShape.OfTower);
            }
            return;
        }
        var keys = form.Keys;
        foreach (var entry in mapping.Entries)
        {
            if (keys.Find(entry.Key.Text) is { } key) Entry(entry, key.Shape);
            else if (PlacementShape.FormKeys.Contains(entry.Key.Text))
                Add(Diagnostics.MixedForms, entry.Key, Quote.Of(entry.Key.Text), Quote.Of(PlacementForms.Lead(mapping)), shape.Expected);
            else Unknown(entry.Key, name, PlacementShape.FormKeys);
        }
    }

    static bool IsRemoval(Node node) => node is ScalarNode { Kind: ScalarKind.Null };
    static bool IsNumber(Node node) => node is ScalarNode { Kind: ScalarKind.Integer or ScalarKind.Float };

    void Unknown(ScalarNode key, string owner, IReadOnlyCollection<string> known) =>
        Add(Diagnostics.UnknownKey, key, Quote.Of(key.Text), owner, Suggestion.For(key.Text, known));

    void UnknownWord(Node node, string word, string name, IReadOnlyCollection<string> known) =>
        Add(Diagnostics.UnknownWord, node, name, Quote.Of(word), Suggestion.For(word, known));

    void Mistyped(Node node, Shape shape, string name) => Add(Diagnostics.WrongType, node, name, shape.Expected, Quote.Describe(node));

    void Outside(Node node, Shape shape, string name) => Add(Diagnostics.OutOfRange, node, name, shape.Expected, Quote.Of(((ScalarNode)node).Text));

    void Add(DiagnosticRule rule, Node node, params object[] arguments) => found.Add(rule.At(path, node.Span, arguments));
}
