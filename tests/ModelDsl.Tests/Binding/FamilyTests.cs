using CsCheck;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Tests.Binding;

public class FamilyTests
{
    const string Head = "mmmodel: 1\nablation: Family\nof: TinyMmMambaHybrid\n";

    static BoundSpec Bind(string lines, params SpecFile[] more) => Tree.BindAmongShipped([new("family.mmmodel.yaml", Head + lines), .. more])[0];

    static ResolvedFamily Family(string lines)
    {
        var bound = Bind(lines);
        Assert.True(bound.Family is not null, string.Join("\n", bound.Diagnostics));
        Assert.Empty(bound.Diagnostics);
        return bound.Family!;
    }

    static Diagnostic Mistake(string lines) => Assert.Single(Bind(lines).Diagnostics);

    static string[] Names(ResolvedFamily family) => [.. family.Members.Select(member => member.Name)];

    /// <summary>Places of the hybrid, each with values as they are written and the names that they make.</summary>
    static readonly (string Axis, string Set, (string Written, string Name)[] Values)[] Places =
    [
        ("from", "layers.attention.from", [("head", "Head"), ("tail", "Tail")]),
        ("count", "layers.attention.count", [("1", "Count1"), ("3", "Count3"), ("{ Two: 2 }", "Two"), ("0", "Count0")]),
        ("gate", "mamba2.gate", [("on", "GateOn"), ("off", "GateOff")]),
        ("conv", "mamba2.conv", [("2", "Conv2"), ("off", "ConvOff"), ("4", "Conv4")]),
        ("seed", "seed", [("mimic", "Mimic"), ("scratch", "Scratch"), ("{ Slow: { mimic: { decay_log: -1.5 } } }", "Slow")]),
        ("decay_log", "seed.mimic.decay_log", [("1", "DecayLog1"), ("-0.5", "DecayLogMinus0_5")]),
        ("warmup", "distill.schedule.wsd.warmup", [("5%", "Warmup5"), ("0.25", "Warmup0_25")]),
        ("run", "distill.run", [("{ Every: [introduced, mixer, end_to_end] }", "Every"), ("{ None: [] }", "None")]),
        ("loss", "distill.stages.mixer.loss", [("{ Thousand: { mixer_mse: 1000 } }", "Thousand"), ("{ One: { mixer_mse: 1 } }", "One")]),
    ];

    static readonly Gen<int[]> Choices = Gen.Shuffle(Enumerable.Range(0, Places.Length).ToArray(), 1, 3)
        .Where(chosen => !(chosen.Contains(4) && chosen.Contains(5)));

    static string Axes(IEnumerable<int> chosen) => "axes:\n" + string.Concat(chosen.Select(i =>
        $"  {Places[i].Axis}: {{ set: {Places[i].Set}, to: [{string.Join(", ", Places[i].Values.Select(value => value.Written))}] }}\n"));

    [Fact]
    public void Members_are_the_product_of_the_axes_the_first_one_slowest() => Choices.Sample(chosen =>
    {
        IEnumerable<string> expected = [""];
        foreach (var i in chosen) expected = expected.SelectMany(name => Places[i].Values.Select(value => name + value.Name));
        Assert.Equal(expected, Bind(Axes(chosen)).Members);
    }, iter: 60, threads: 1);

    [Fact]
    public void A_member_is_the_model_written_by_hand_with_the_same_overlay() => Gen.Select(Choices, Gen.Int[0, 1000]).Sample((chosen, pick) =>
    {
        var bound = Bind(Axes(chosen));
        if (bound.Family is not { } family) return;
        var member = family.Members[pick % family.Members.Count];
        IEnumerable<(string Name, string[] Lines)> all = [("", [])];
        foreach (var i in chosen)
            all = all.SelectMany(one => Places[i].Values.Select(value => (one.Name + value.Name, (string[])[.. one.Lines, Line(Places[i].Set, value.Written)])));
        // One overlay a line, each over the one before: what the axes do at once.
        var lines = all.Single(one => one.Name == member.Name).Lines;
        var files = lines.Select((line, i) => new SpecFile($"h{i}.mmmodel.yaml", $"mmmodel: 1\nmodel: Hand{i}\nextends: {(i == 0 ? "TinyMmMambaHybrid" : $"Hand{i - 1}")}\n{line}\n")).ToArray();
        var byHand = Resolved(Tree.BindAmongShipped(files)[^1].Model!);
        Assert.Equal(Bare(byHand), Bare(member.Model));
        Assert.Equal(ModelIdentity.Of(byHand), member.Identity);
    }, iter: 60, threads: 1);

    static string Line(string set, string value)
    {
        var (keys, bare) = (set.Split('.'), char.IsUpper(value.Length > 2 ? value[2] : 'a') && value[0] == '{' ? value[(value.IndexOf(':') + 1)..^1].Trim() : value);
        return keys[0] + ": " + string.Concat(keys.Skip(1).Select(key => $"{{ {key}: ")) + bare + string.Concat(keys.Skip(1).Select(_ => " }"));
    }

    /// <summary>The model without its name and the places that it was written at.</summary>
    static ResolvedModel Bare(ResolvedModel model) => model with
    {
        Name = "", Summary = "", Extends = null, File = "", Reported = null, Layers = Bare(model.Layers),
        Distillation = model.Distillation is { } recipe ? recipe with { ConvertedLayers = Bare(recipe.ConvertedLayers) } : null,
    };

    static EquatableArray<ResolvedLayer> Bare(EquatableArray<ResolvedLayer> layers) => [.. layers.Select(layer => layer with { Source = "" })];

    static ResolvedModel Resolved(ModelSpec model) => Resolver.Resolve(model, model.Teacher is { } teacher ? Resolved(Tree.Model(teacher)) : null);

    [Fact]
    public void The_member_of_the_bases_own_values_is_the_base()
    {
        var low = Resolved(Tree.Model("TinyMmMambaHybrid"));
        foreach (var i in Enumerable.Range(0, Places.Length))
        {
            var own = i == 1 ? "Count3" : Places[i].Values[0].Name;
            var family = Family(Axes([i]) + $"control: {own}\n");
            Assert.Equal(own, family.Control);
            Assert.Equal(ModelIdentity.Of(low), family.Members.Single(member => member.Name == own).Identity);
        }
    }

    [Fact]
    public void Variants_come_after_the_axes_and_lie_over_the_base_alone()
    {
        var family = Family("variants: { Linear: { layers: mamba2, summary: No attention. }, Plain: {} }\naxes: { from: { set: layers.attention.from, to: [tail] } }\n");
        Assert.Equal(["Tail", "Linear", "Plain"], Names(family));
        Assert.Equal(["Family.Tail", "Family.Linear", "Family.Plain"], family.Members.Select(member => member.Model.Name));
        Assert.Equal(["from tail", "No attention.", "Plain of Family"], family.Members.Select(member => member.Model.Summary));
        Assert.Equal(Bare(family.Of), Bare(family.Members[2].Model));
        Assert.DoesNotContain(family.Members[1].Model.Layers, layer => layer.Mixer is ResolvedAttention);
    }

    [Fact]
    public void A_control_is_named_or_given_by_its_values()
    {
        const string axes = "axes: { from: { set: layers.attention.from, to: [tail, head] }, count: { set: layers.attention.count, to: [3, { One: 1 }] } }\n";
        Assert.Equal("HeadCount3", Family(axes + "control: HeadCount3\n").Control);
        Assert.Equal("HeadCount3", Family(axes + "control: { count: 3.0, from: head }\n").Control);
        Assert.Equal("MMD110", Mistake(axes + "control: { from: head, count: One }\n").Id);
        Assert.Equal(("MMD024", 5), (Mistake(axes + "control: { from: head }\n").Id, Mistake(axes + "control: { from: head }\n").Span.StartLine));
        Assert.Contains("did you mean `from`", Mistake(axes + "control: { form: head, count: 3 }\n").Message);
        Assert.Contains("did you mean `head`", Mistake(axes + "control: { from: haed, count: 3 }\n").Message);
    }

    [Theory]
    [InlineData("layers.atention.from", 38, "did you mean `attention`")]
    [InlineData("layers.attention.form", 48, "did you mean `from`")]
    [InlineData("layer.attention.from", 31, "did you mean `layers`")]
    [InlineData("model", 31, "has no key `model`")]
    [InlineData("towers.embedding", 38, "end the path before it")]
    [InlineData("", 31, "has no key ``")]
    [InlineData("layers..from", 38, "has no key ``")]
    public void Every_part_of_a_path_is_checked_at_its_own_column(string set, int column, string gist)
    {
        foreach (var quote in new[] { "", "\"" })
        {
            if (set.Length == 0 && quote.Length == 0) continue;
            var mistake = Mistake($"axes: {{ from: {{ to: [1], set: {quote}{set}{quote} }} }}\n");
            Assert.Equal((4, column + quote.Length), (mistake.Span.StartLine, mistake.Span.StartColumn));
            Assert.Contains(gist, mistake.Message);
        }
    }

    [Theory]
    [InlineData("layers.attention.from", "[head, tial]", "MMD023", 59)]
    [InlineData("hidden", "[48, wide]", "MMD021", 42)]
    [InlineData("hidden", "[48, { Wide: 1000000 }]", "MMD022", 50)]
    [InlineData("mamba2", "[{ Two: { conv: 2 } }, { Three: { convv: 3 } }]", "MMD020", 71)]
    [InlineData("mamba2.gate", "[on, ~]", "MMD021", 47)]
    [InlineData("mamba2.gate", "[on, \"on\"]", "MMD029", 47)]
    [InlineData("hidden", "[48, 48.0]", "MMD029", 42)]
    public void Every_value_is_checked_at_its_own_column(string set, string to, string id, int column)
    {
        var mistake = Mistake($"axes: {{ an_axis: {{ set: {set}, to: {to} }} }}\n");
        Assert.Equal((id, 4, column), (mistake.Id, mistake.Span.StartLine, mistake.Span.StartColumn));
    }

    [Fact]
    public void A_mistake_that_members_share_is_told_once_where_the_family_caused_it()
    {
        var mistake = Mistake("axes:\n  from: { set: layers.attention.from, to: [tail, head] }\n  count: { set: layers.attention.count, to: [2, 9] }\n");
        Assert.Equal(("MMD050", new Span(6, 49, 6, 50)), (mistake.Id, mistake.Span));
        Assert.EndsWith("(in `TailCount9`, `HeadCount9`)", mistake.Message);
    }

    [Fact]
    public void A_broken_base_is_told_at_of_and_leaves_the_names_known()
    {
        var bound = Tree.BindAmongShipped(
            new SpecFile("low.mmmodel.yaml", "mmmodel: 1\nmodel: Low\nextends: TinyMmMambaHybrid\nhiden: 3\n"),
            new SpecFile("family.mmmodel.yaml", "mmmodel: 1\nablation: Family\nof: Low\naxes: { from: { set: layers.attention.from, to: [tail, head] } }\n"),
            new SpecFile("other.mmmodel.yaml", "mmmodel: 1\nablation: Other\nextends: Family\nof: TinyMmMambaHybrid\n"));
        Assert.Equal(("MMD033", 3), (Assert.Single(bound[1].Diagnostics).Id, bound[1].Diagnostics[0].Span.StartLine));
        Assert.Equal(["Tail", "Head"], bound[1].Members);
        // A family that extends it takes its axes, and has a base that holds.
        Assert.Empty(bound[2].Diagnostics);
        Assert.Equal(["Tail", "Head"], Names(bound[2].Family!));
    }

    [Fact]
    public void A_family_extends_a_family_and_no_model()
    {
        var bound = Tree.BindAmongShipped(
            new SpecFile("a.mmmodel.yaml", "mmmodel: 1\nablation: A\nextends: TinyHybridStrategy\naxes: { pattern: ~, count: { set: layers.attention.count, to: [1] } }\ncontrol: ~\nreported: ~\n"),
            new SpecFile("b.mmmodel.yaml", "mmmodel: 1\nablation: B\nextends: TinyMmMambaHybrid\n"),
            new SpecFile("c.mmmodel.yaml", "mmmodel: 1\nmodel: C\nextends: TinyHybridStrategy\n"),
            new SpecFile("d.mmmodel.yaml", "mmmodel: 1\nablation: D\nextends: E\n"), new SpecFile("e.mmmodel.yaml", "mmmodel: 1\nablation: E\nextends: D\n"));
        Assert.Empty(bound[0].Diagnostics);
        Assert.Equal(["TailCount1", "HeadCount1"], Names(bound[0].Family!));
        Assert.Equal(["MMD031", "MMD031", "MMD032", "MMD032"], bound.Skip(1).Select(spec => spec.Diagnostics[0].Id));
    }

    [Theory]
    [InlineData("no spec has the model `TinyHybridStrategy`; that is the name of an ablation family", "model: X\nextends: TinyHybridStrategy")]
    [InlineData("no spec has the family `TinyMmMambaHybrid`; that is the name of a model", "ablation: X\nextends: TinyMmMambaHybrid")]
    [InlineData("no spec has the family `TinyHybridStrateg`; did you mean `TinyHybridStrategy`?", "ablation: X\nextends: TinyHybridStrateg")]
    [InlineData("no spec has the model `TinyHybridStrategy`; that is the name of an ablation family", "ablation: X\nof: TinyHybridStrategy\nvariants: { A: {} }")]
    [InlineData("no spec has the model `TinyHybridStrategy`; that is the name of an ablation family", "ablation: X\nof: TinyHovle\nvariants: { A: {} }\nreference: [TinyHybridStrategy]")]
    [InlineData("no spec has the model `TinyHybridStrategy`; that is the name of an ablation family", "model: X\nextends: TinyMmMambaLinear\nteacher: TinyHybridStrategy")]
    [InlineData("no spec has the model `models/tiny-hovle.mmmodel.yaml`; that is a file; write `TinyHovle`", "model: X\nextends: models/tiny-hovle.mmmodel.yaml")]
    [InlineData("no spec has the model `TinyHovel.mmmodel.yaml`; did you mean `TinyHovle`?", "model: X\nextends: TinyHovel.mmmodel.yaml")]
    [InlineData("no spec has the family `tiny-hybrid-strategy.mmmodel.yaml`; that is a file; write `TinyHybridStrategy`", "ablation: X\nextends: tiny-hybrid-strategy.mmmodel.yaml")]
    [InlineData("a spec has no key `modle`; did you mean `model`?", "modle: X\nextends: TinyHovle")]
    [InlineData("a family has no key `ablatoin`; did you mean `ablation`?", "ablatoin: X\nof: TinyMmMambaHybrid\nvariants: { A: {} }")]
    [InlineData("a family needs the key `ablation`: a C# identifier that begins with a capital letter, such as `MmMambaHybrid`", "of: TinyMmMambaHybrid\nvariants: { A: {} }")]
    [InlineData("`TinyHybridStrategy` already names the family of tiny-hybrid-strategy.mmmodel.yaml; choose another name", "model: TinyHybridStrategy\nextends: TinyHovle")]
    [InlineData("`TinyHovle` already names the model of tiny-hovle.mmmodel.yaml; choose another name", "ablation: TinyHovle\nof: TinyMmMambaHybrid\nvariants: { A: {} }")]
    public void What_is_named_or_meant_is_told_for_what_it_is(string message, string lines) => Assert.Equal(message,
        Assert.Single(Tree.Bind([.. Tree.Shipped, new("x.mmmodel.yaml", $"mmmodel: 1\n{lines}\n")])[Tree.Shipped.Count].Diagnostics).Message);

    [Fact]
    public void Figures_are_found_beside_the_file_that_names_them()
    {
        var rows = new SpecFile("deep\\paper\\t.yaml", "source: T\nfigures: { Tail: { B: 2.50, A: 1 }, TinyHovle: { A: .nan, C: -3 } }\n");
        var low = new SpecFile("deep/low.mmmodel.yaml", Head + "axes: { from: { set: layers.attention.from, to: [tail] } }\nreference: [TinyHovle]\nreported: ./x/../paper/t.yaml\n");
        var high = new SpecFile("elsewhere/high.mmmodel.yaml", "mmmodel: 1\nablation: High\nextends: Family\n");
        foreach (var bound in Tree.BindAmongShipped(low, high, rows))
        {
            Assert.Empty(bound.Diagnostics);
            Assert.Equal(new ReportedTable("T", ["B", "A", "C"], [new("Tail", [2.5m, 1, null]), new("TinyHovle", [null, null, -3])]), bound.Family!.Reported);
        }
    }

    [Fact]
    public void Mistakes_in_figures_stand_in_their_own_file_and_are_told_once()
    {
        const string lines = "axes: { from: { set: layers.attention.from, to: [tail] } }\nreported: t.yaml\n";
        var found = Tree.BindAmongShipped(
            new SpecFile("a.mmmodel.yaml", Head + lines), new SpecFile("b.mmmodel.yaml", Head.Replace("Family", "Other") + lines),
            new SpecFile("t.yaml", "source: T\nfigures: { Tail: { A: many, B: 1 } }\nsourcee: T\n")).SelectMany(spec => spec.Diagnostics).ToList();
        Assert.Equal([("MMD021", "t.yaml", 2, 23), ("MMD020", "t.yaml", 3, 1)], found.Select(mistake => (mistake.Id, mistake.Path, mistake.Span.StartLine, mistake.Span.StartColumn)));
    }

    [Fact]
    public void A_budget_holds_for_every_member_and_the_family_is_whole()
    {
        var low = new SpecFile("low.mmmodel.yaml", "mmmodel: 1\nmodel: Low\nextends: TinyMmMambaHybrid\nbudget: { max: { cache: { tokens: 4096, size: 2 MiB } } }\n");
        var bound = Tree.BindAmongShipped(low,
            new SpecFile("family.mmmodel.yaml", "mmmodel: 1\nablation: Family\nof: Low\naxes:\n  count: { set: layers.attention.count, to: [1, 2, 3, 4] }\n"))[1];
        Assert.Equal(4, bound.Family!.Members.Count);
        Assert.Equal([("MMD125", "`Count3`"), ("MMD125", "`Count4`")],
            bound.Diagnostics.Select(mistake => (mistake.Id, mistake.Message[(mistake.Message.LastIndexOf("(in ", StringComparison.Ordinal) + 4)..^1])));
        Assert.All(bound.Diagnostics, mistake => Assert.Contains("(from low.mmmodel.yaml:4)", mistake.Message));
        Assert.Equal([(5, 52), (5, 55)], bound.Diagnostics.Select(mistake => (mistake.Span.StartLine, mistake.Span.StartColumn)));

        var own = Mistake("variants:\n  Wide: {}\n  Narrow: { layers: mamba2, budget: { max: { parameters: 1000 } } }\n");
        Assert.Equal(("MMD125", 6), (own.Id, own.Span.StartLine));
    }

    [Fact]
    public void A_doubt_about_a_variant_may_stand()
    {
        const string lines = "variants:\n  Pinned: { hidden: 96, layers: mamba2 }";
        Assert.Equal("MMD081", Mistake(lines + "\n").Id);
        Assert.Empty(Bind(lines + " # mmmodel: allow MMD081\n").Diagnostics);
    }

    [Fact]
    public void A_declaration_lends_its_axes_and_is_not_made()
    {
        var files = Tree.Shipped.Select(file => file with { DeclaredIn = "Package" })
            .Append(new SpecFile("own.mmmodel.yaml", "mmmodel: 1\nablation: Own\nextends: HybridStrategy\nof: TinyMmMambaHybrid\n"));
        var bound = Tree.Bind([.. files]);
        Assert.DoesNotContain(bound, spec => spec.DeclaredIn is not null && spec.Family is not null);
        Assert.All(bound, spec => Assert.Empty(spec.Diagnostics));
        Assert.Equal(["TailStacked", "TailInterleaved", "HeadStacked", "HeadInterleaved"], Names(bound[bound.Count - 1].Family!));
    }

    [Fact]
    public void Members_are_counted_before_they_are_made()
    {
        string Axis(string name, string set, int values) => $"  {name}: {{ set: {set}, to: [{string.Join(", ", Enumerable.Range(1, values))}] }}\n";
        var mistake = Mistake("axes:\n" + string.Concat(SpecShape.Stages.SelectMany(stage => new[] { "steps", "batch" }
            .Select(key => Axis($"{stage}_{key}", $"distill.stages.{stage}.{key}", 400)))));
        Assert.Equal(("MMD106", 5), (mistake.Id, mistake.Span.StartLine));
    }

    [Fact]
    public void What_is_written_by_hand_is_counted_too()
    {
        var variants = string.Concat(Enumerable.Range(0, 5000).Select(i => FormattableString.Invariant($"  V{i}: {{}}\n")));
        Assert.Equal("MMD106", Mistake("variants:\n" + variants).Id);
        Assert.Equal("MMD106", Mistake($"axes: {{ lr: {{ set: distill.stages.mixer.lr, to: [{string.Join(", ", Enumerable.Range(1, 15_000))}] }} }}\n").Id);
    }

    [Theory]
    [InlineData("source: T\n")]
    [InlineData("source: T\nfigures: ~\n")]
    [InlineData("source: ~\nfigures: { Tail: { acc: 1 } }\n")]
    [InlineData("figures: { Tail: { acc: 1 } }\n")]
    [InlineData("source: T\nfigures: { Tail: ~ }\n")]
    [InlineData("source: T\nfigures: { Tail: { acc: ~ } }\n")]
    [InlineData("source: T\nfigures: {}\n")]
    [InlineData("source: T\nfigures:\n")]
    [InlineData("~\n")]
    [InlineData("")]
    public void Figures_with_a_mistake_are_told_of_in_their_file(string figures)
    {
        var bound = Tree.BindAmongShipped(
            new SpecFile("f.mmmodel.yaml", Head + "axes: { from: { set: layers.attention.from, to: [tail] } }\nreported: t.yaml\n"), new SpecFile("t.yaml", figures));
        Assert.Contains(bound.SelectMany(spec => spec.Diagnostics), found => found is { Path: "t.yaml", Severity: Severity.Error });
    }

    [Fact]
    public void Figures_that_are_taken_over_may_have_rows_of_members_that_are_not()
    {
        var bound = Tree.BindAmongShipped(
            new SpecFile("low.mmmodel.yaml", Head.Replace("Family", "Low") + "axes: { from: { set: layers.attention.from, to: [head, tail] } }\nreported: t.yaml\n"),
            new SpecFile("high.mmmodel.yaml", "mmmodel: 1\nablation: High\nextends: Low\naxes: { from: { to: [tail] } }\n"),
            new SpecFile("t.yaml", "source: T\nfigures: { Head: { A: 1 }, Tail: { A: 2 } }\n"));
        Assert.Empty(bound.SelectMany(spec => spec.Diagnostics));
        Assert.Equal(["Tail"], bound[1].Family!.Reported!.Rows.Select(row => row.Name));
        Assert.Equal(2, bound[0].Family!.Reported!.Rows.Count);
    }
}
