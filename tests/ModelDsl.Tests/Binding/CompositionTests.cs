using CsCheck;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Tests.Binding;

public class CompositionTests
{
    /// <summary>For each key, lines that overlays may write: every kind of node, cases of choices, removals.</summary>
    static readonly string[][] Lines =
    [
        ["hidden: 128", "hidden: 256", "hidden: ~"],
        ["mamba2: { conv: 3 }", "mamba2: { chunk: 7, gate: off }", "mamba2: { gate: ~, conv: ~ }", "mamba2: ~"],
        ["seed: scratch", "seed: mimic", "seed: { mimic: { decay_log: 0.5 } }", "seed: { mimic: { decay_log: ~ } }", "seed: ~"],
        [
            "layers: attention", "layers: mamba2", "layers: { mamba2: rest }", "layers: { attention: ~ }",
            "layers: { attention: { count: 3, from: head, pattern: stacked }, mamba2: rest }", "layers: { attention: { count: 5 } }",
            "layers: { attention: { every: 2, from: tail } }", "layers: { attention: { at: [1] } }", "layers: { attention: all }",
            "layers: { attention: { embedding: none, decoder: { every: 2, from: head } } }",
            "layers: { attention: { decoder: { every: 3 } } }", "layers: { attention: { decoder: all } }",
            "layers: { attention: { from: tail } }", "layers: { attention: { from: ~ } }", "layers: { attention: { every: 3 } }",
            "layers: { attention: { count: 2, pattern: stacked } }", "layers: { attention: { from: head, every: 4 } }", "layers: { attention: { count: ~ } }",
        ],
        [
            "distill: { clip: 1 }", "distill: { schedule: { wsd: { warmup: 5%, decay: 5% } } }", "distill: { schedule: { wsd: { decay: 9% } } }",
            "distill: { schedule: constant }", "distill: { schedule: { constant: { warmup: 2% } } }", "distill: { schedule: ~ }", "distill: ~",
            "distill: { run: [mixer] }", "distill: { stages: { mixer: { lr: 0.5, loss: { mixer_mse: 3 } } } }",
            "distill: { stages: { mixer: { loss: { logits_kl: { temperature: 2 } } } } }", "distill: { stages: { mixer: { loss: logits_kl } } }",
            "distill: { stages: { mixer: ~ }, clip: ~ }",
        ],
    ];

    static readonly Gen<MappingNode> Overlays =
        Gen.Select(Gen.Int[0, 12], Gen.Int[0, 12], Gen.Int[0, 12], Gen.Int[0, 26], Gen.Int[0, 24]).Select((a, b, c, d, e) =>
        {
            int[] picks = [a, b, c, d, e];
            var lines = Lines.Zip(picks, (choices, pick) => pick < choices.Length ? choices[pick] : null).Where(line => line is not null);
            return Read(string.Join('\n', lines.Prepend("mmmodel: 1\nmodel: Overlay")));
        });

    static MappingNode Read(string text)
    {
        var (root, _, problems) = SpecReader.Read("overlay", text);
        Assert.Empty(problems);
        return root!;
    }

    /// <summary>Overlays of a few keys, so that they meet often, and of any keys of the language.</summary>
    public static TheoryData<string> Kinds => ["few", "any"];

    static Gen<MappingNode> OfKind(string kind) => kind == "few" ? Overlays : Generate.Overlay.Select(Read);

    [Theory, MemberData(nameof(Kinds))]
    public void Overlays_compose_associatively(string kind)
    {
        var overlays = OfKind(kind);
        Gen.Select(overlays, overlays, overlays, overlays).Sample((a, b, c, d) =>
        {
            static MappingNode On(MappingNode low, MappingNode high) => Overlay.Specs(low, high);
            var left = Meaning(On(On(On(a, b), c), d));
            Assert.Equal(left, Meaning(On(a, On(b, On(c, d)))));
            Assert.Equal(left, Meaning(On(On(a, b), On(c, d))));
            Assert.Equal(left, Meaning(On(a, On(On(b, c), d))));
            Assert.Equal(left, Meaning(On(On(a, On(b, c)), d)));
        }, iter: 1_000, threads: 1);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void The_empty_overlay_changes_nothing(string kind) => OfKind(kind).Sample(overlay =>
    {
        var nothing = Read("mmmodel: 1\nmodel: Overlay");
        Assert.Equal(Meaning(overlay), Meaning(Overlay.Specs(overlay, nothing)));
        Assert.Equal(Meaning(overlay), Meaning(Overlay.Specs(nothing, overlay)));
        Assert.Equal(Meaning(overlay), Meaning(Overlay.Specs(overlay, overlay)));
    }, iter: 300, threads: 1);

    // A direction alone patches whichever form lies below it, and a form replaces another one whole.
    [Theory]
    [InlineData("{ count: 3, from: head, pattern: stacked }", "{ from: tail }", "{ every: 6 }", "{every: 6}")]
    [InlineData("{ every: 3, from: head }", "{ from: tail }", "{ every: 6 }", "{every: 6, from: tail}")]
    [InlineData("{ at: [1] }", "{ from: tail }", "{ every: 6 }", "{every: 6, from: tail}")]
    [InlineData("{ every: 3, from: head }", "{ from: tail }", "{ count: 6 }", "{count: 6}")]
    [InlineData("{ count: 3, from: head }", "{ from: ~ }", "{ count: 6 }", "{count: 6}")]
    public void A_direction_waits_for_its_form(string low, string middle, string high, string expected)
    {
        MappingNode Placed(string phrase) => Read($"mmmodel: 1\nmodel: Overlay\nlayers: {{ attention: {phrase} }}");
        var (a, b, c) = (Placed(low), Placed(middle), Placed(high));
        foreach (var composed in new[] { Overlay.Specs(Overlay.Specs(a, b), c), Overlay.Specs(a, Overlay.Specs(b, c)) })
            Assert.Equal(expected, Meaning(((MappingNode)composed.Get("layers")!).Get("attention")!));
    }

    /// <summary>What the laws are tested with is of the language, by the checks that every file passes.</summary>
    [Fact]
    public void Overlays_of_any_keys_are_in_shape() =>
        Generate.Overlay.Sample(text => Assert.Empty(SpecParser.Parse(new("overlay.mmmodel.yaml", text)).Diagnostics), iter: 1_000, threads: 1);

    /// <summary>A chain of files is one file of what they come to.</summary>
    [Fact]
    public void A_chain_of_files_is_their_composition()
    {
        var compared = 0;
        Gen.Select(Overlays, Overlays).Sample((a, b) => { if (IsItsComposition(a, b)) compared++; }, iter: 500, threads: 1);
        Assert.True(compared > 50, $"{compared} chains bound");
    }

    static bool IsItsComposition(MappingNode a, MappingNode b)
    {
        var parsed = Tree.Shipped.Select(SpecParser.Parse).ToArray();
        ParsedSpec Spec(string name, string low, MappingNode lines) => SpecParser.Check(
            new ParsedSpec($"{name}.mmmodel.yaml", name, null, []), Overlay.Specs(lines, Read($"mmmodel: 1\nmodel: {name}\nextends: {low}")));
        var bound = Catalog.Bind([.. parsed, Spec("A", "TinyMmMambaHybrid", a), Spec("B", "A", b), Spec("C", "TinyMmMambaHybrid", Overlay.Specs(a, b))]);
        var (two, one) = (bound[parsed.Length + 1].Model, bound[parsed.Length + 2].Model);
        // A broken file between them is refused as such.
        if (bound[parsed.Length].Model is null) return false;
        Assert.Equal(one is null, two is null);
        if (one is not null) Assert.Equal(CanonicalSpec.Render(one with { Name = "Same" }), CanonicalSpec.Render(two! with { Name = "Same" }));
        return one is not null;
    }

    /// <summary>What an overlay says once nothing lies below it: keys in order, removals gone, a case without settings as its word.</summary>
    static string Meaning(Node node) => node switch
    {
        ScalarNode scalar => scalar.Number ?? scalar.Text,
        SequenceNode list => "[" + string.Join(", ", list.Items.Select(Meaning)) + "]",
        MappingNode { Entries: [{ Value: MappingNode { Entries.Count: 0 } } one] } => one.Key.Text,
        MappingNode mapping => "{" + string.Join(", ", mapping.Entries
            .Where(entry => entry.Value is not ScalarNode { Kind: ScalarKind.Null })
            .OrderBy(entry => entry.Key.Text, StringComparer.Ordinal)
            .Select(entry => entry.Key.Text + ": " + Meaning(entry.Value))) + "}",
        _ => throw new ArgumentException("a node of no kind"),
    };

    [Fact]
    public void Mappings_merge_and_scalars_and_lists_replace()
    {
        var low = Tree.Model("TinyMmMambaHybrid");
        var model = Tree.Variant("TinyMmMambaHybrid", "mamba2: { conv: off }\ndistill: { stages: { mixer: { steps: 7 } }, run: [end_to_end] }");
        Assert.NotEqual(0, low.Towers[0].Shared.Of<Mamba2Spec>().Conv);
        Assert.Equal(low.Towers[0].Shared.Of<Mamba2Spec>() with { Conv = 0 }, model.Towers[0].Shared.Of<Mamba2Spec>());
        // Without a convolution there are no weights of one to train.
        Assert.Equal(
            low.Distill!.Stages.Select(stage => stage with
            {
                Steps = stage.Kind == StageKind.Mixer ? 7 : stage.Steps,
                Train = stage.Train.Where(group => group != TensorGroup.Conv).ToEquatableArray(),
            }),
            model.Distill!.Stages);
        Assert.Equal([StageKind.EndToEnd], model.Distill.Run);
    }

    [Fact]
    public void A_choice_is_replaced_whole_by_another_case_and_patched_by_the_same()
    {
        Assert.Equal(
            new ScheduleSpec(ScheduleKind.Cosine, 0, 0), Tree.Variant("TinyMmMambaHybrid", "distill: { schedule: cosine }").Distill!.Schedule);
        Assert.Equal(
            new ScheduleSpec(ScheduleKind.Wsd, 0.05m, 0.25m), Tree.Variant("TinyMmMambaHybrid", "distill: { schedule: { wsd: { decay: 25% } } }").Distill!.Schedule);
        Assert.Equal(new SeedSpec(SeedKind.Mimic, 0.5m), Tree.Variant("TinyMmMambaHybrid", "seed: { mimic: { decay_log: 0.5 } }").Seed);
        Assert.Equal(new SeedSpec(SeedKind.Scratch, 1), Tree.Variant("TinyMmMambaHybrid", "seed: scratch").Seed);
    }

    [Fact]
    public void A_removed_value_is_the_default_again()
    {
        Assert.Null(Tree.Variant("TinyHovle", "tokens: { system: ~ }").Tokens.System);
        Assert.Equal(128, Tree.Variant("TinyMmMambaHybrid", "mamba2: ~").Towers[1].Shared.Of<Mamba2Spec>().Chunk);
        var plain = Tree.Variant("TinyMmMambaHybrid", "layers: attention\nmamba2: ~\nteacher: ~\nseed: ~\ndistill: ~\ncheckpoint: hovle");
        Assert.Equal((null, null, null), (plain.Teacher, plain.Seed, plain.Distill));
    }

    [Fact]
    public void A_tower_overrides_what_all_share()
    {
        var model = Tree.Variant("TinyHovle", "towers: [ { embedding: { layers: 3, attention: { rope: { theta: 500 } }, norm: { rms: 1e-6 } } }, { decoder: 5 } ]");
        var shared = Tree.Model("TinyHovle").Towers[0].Shared.Of<AttentionSpec>();
        Assert.Equal(shared with { RopeTheta = 500 }, model.Towers[0].Shared.Of<AttentionSpec>());
        Assert.Equal(shared, model.Towers[1].Shared.Of<AttentionSpec>());
        Assert.Equal((0.000001m, 0.00001m), (model.Towers[0].Shared.NormEps, model.Towers[1].Shared.NormEps));
    }

    [Fact]
    public void A_base_may_extend_a_base_however_long_the_chain()
    {
        var files = Enumerable.Range(0, 1500).Select(i => new SpecFile(
            $"m{i:D5}.mmmodel.yaml", $"mmmodel: 1\nmodel: M{i}\nextends: {(i == 0 ? "TinyHovle" : $"M{i - 1}")}\n")).Reverse().ToArray();
        Assert.All(Tree.BindAmongShipped(files), spec => Assert.NotNull(spec.Model));
    }

    [Fact]
    public void Members_of_a_circle_say_so_and_what_extends_them_says_only_that_its_base_is_broken()
    {
        var bound = Tree.BindAmongShipped(
            new SpecFile("a.mmmodel.yaml", "mmmodel: 1\nmodel: A\nextends: B\n"), new SpecFile("b.mmmodel.yaml", "mmmodel: 1\nmodel: B\nextends: A\n"),
            new SpecFile("c.mmmodel.yaml", "mmmodel: 1\nmodel: C\nextends: A\n"));
        Assert.Equal(["MMD032", "MMD032", "MMD033"], bound.Select(spec => Assert.Single(spec.Diagnostics).Id));
    }

    [Fact]
    public void A_broken_file_hides_no_other_and_is_known_by_its_name()
    {
        var bound = Tree.BindAmongShipped(
            new SpecFile("a.mmmodel.yaml", "mmmodel: 1\nmodel: A\nhidden: [1, 2"), new SpecFile("b.mmmodel.yaml", "mmmodel: 1\nmodel: B\nextends: A\nhiden: 3\n"),
            new SpecFile("c.mmmodel.yaml", "mmmodel: 1\nmodel: C\nextends: TinyHovle\n"));
        Assert.Equal(["MMD001"], bound[0].Diagnostics.Select(diagnostic => diagnostic.Id));
        Assert.Equal(["MMD033", "MMD020"], bound[1].Diagnostics.Select(diagnostic => diagnostic.Id));
        Assert.NotNull(bound[2].Model);
    }

    [Fact]
    public void Conflicts_with_inherited_lines_stand_in_the_file_that_caused_them()
    {
        var bound = Tree.Bind([.. Tree.Shipped,
            new SpecFile("deep/direct.mmmodel.yaml", "mmmodel: 1\nmodel: Direct\nextends: TinyMmMambaLinear\nmamba2: { skip: on }\ndistill: { stages: { mixer: { train: [skip] } } }\n"),
            new SpecFile("deep/off.mmmodel.yaml", "mmmodel: 1\nmodel: Off\nextends: Direct\nmamba2: { skip: off }\n")]);
        var found = Assert.Single(bound.Single(spec => spec.Name == "Off").Diagnostics);
        Assert.Equal(("MMD067", "deep/off.mmmodel.yaml", new Span(4, 17, 4, 20)), (found.Id, found.Path, found.Span));
        Assert.EndsWith("(from direct.mmmodel.yaml:5)", found.Message);
    }

    [Fact]
    public void The_order_of_the_files_carries_no_meaning()
    {
        var forward = Tree.Bind([.. Tree.Shipped]);
        var backward = Tree.Bind([.. Tree.Shipped.Reverse()]);
        Assert.Equal(forward, backward.Reverse().ToEquatableArray());
    }
}
