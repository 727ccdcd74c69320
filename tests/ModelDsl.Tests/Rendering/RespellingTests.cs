using CsCheck;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Tests.Rendering;

/// <summary>Formatting, the order of keys and the spelling of numbers carry no meaning; the order of a list does.</summary>
public class RespellingTests
{
    /// <summary>A spec in one line of flow style, its keys in another order, its numbers and words in other spellings.</summary>
    static string Respelled(Node node, Random random) => node switch
    {
        MappingNode mapping => "{ " + string.Join(", ", Shuffled(mapping.Entries, random).Select(entry => $"{Word(entry.Key.Text, random)}: {Respelled(entry.Value, random)}")) + " }",
        SequenceNode list => "[ " + string.Join(", ", list.Items.Select(item => Respelled(item, random))) + " ]",
        ScalarNode { Number: { } number } => Number(number, random),
        ScalarNode { Kind: ScalarKind.Text } text => Word(text.Text, random),
        ScalarNode scalar => scalar.Text,
        _ => throw new InvalidOperationException("a node of no kind"),
    };

    static List<Entry> Shuffled(EquatableArray<Entry> entries, Random random)
    {
        var all = entries.ToArray();
        random.Shuffle(all);
        return [.. all];
    }

    static string Word(string text, Random random) =>
        text.All(letter => letter is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or '_') && text.Length > 0 && random.Next(2) == 0 ? text : CanonicalValue.Quoted(text);

    static string Number(string number, Random random) => random.Next(5) switch
    {
        0 => number + (number.Contains('.') ? "00" : ".0"),
        1 => number + "e0",
        2 => (number.Contains('.') ? number : number + ".") + "E+00",
        3 when number[0] != '-' => "0" + number,
        _ => number,
    };

    static readonly Gen<(int Model, int Seed)> Cases = Gen.Select(Gen.Int[0, 5], Gen.Int[0, int.MaxValue - 1]);

    static readonly ModelSpec[] Models = [.. Tree.Bind([.. Tree.Shipped]).Select(spec => spec.Model).OfType<ModelSpec>()];

    [Fact]
    public void One_meaning_has_one_form() => Cases.Sample((which, seed) =>
    {
        var form = CanonicalSpec.Render(Models[which] with { Name = "Variant" });
        var (root, _, problems) = SpecReader.Read("form", form);
        Assert.Empty(problems);
        var again = Tree.BindAmongShipped(new SpecFile("again.mmmodel.yaml", Respelled(root!, new Random(seed)))).Single();
        Assert.True(again.Model is not null, string.Join("\n", again.Diagnostics));
        Assert.Equal(form, CanonicalSpec.Render(again.Model!));
    }, iter: 300, threads: 1);

    [Fact]
    public void The_order_of_a_list_is_meaning()
    {
        var low = Tree.Variant("TinyMmMambaLinear", "distill: { optimizer: { adamw: { betas: [0.5, 0.25] } } }");
        var high = Tree.Variant("TinyMmMambaLinear", "distill: { optimizer: { adamw: { betas: [0.25, 0.5] } } }");
        Assert.NotEqual(CanonicalSpec.Render(low), CanonicalSpec.Render(high));
    }
}
