using CsCheck;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Tests.Architecture;
using MmMamba.Testing;
using static MmMamba.ModelDsl.Tests.Generate;

namespace MmMamba.ModelDsl.Tests.Rendering;

/// <summary>The canonical form: it says all, binds to the same model again, and is one text for one meaning.</summary>
public class CanonicalSpecTests
{
    static ModelSpec Bound(string text)
    {
        var bound = Tree.BindAmongShipped(new SpecFile("spec.mmmodel.yaml", text)).Single();
        Assert.True(bound.Model is not null, string.Join("\n", bound.Diagnostics) + "\n" + text);
        return bound.Model!;
    }

    static ModelSpec Variant(string of, string lines) => Bound($"mmmodel: 1\nmodel: Variant\nextends: {of}\n{lines}\n");

    /// <summary>A spec without what speaks of its files alone, and with each layer's settings told one by one.</summary>
    static ModelSpec Meaning(ModelSpec spec) => spec with
    {
        Extends = null,
        File = "",
        Layers = new([.. spec.Layers.Placements.Select(placement => placement with { File = "", Line = 0 })]),
        Towers = [.. spec.Towers.Select(tower => new TowerSpec(tower.Name, tower.Layers, null!)
        {
            Overrides = [.. tower.Each().Select((settings, i) => new LayerOverride(i, settings))],
        })],
    };

    static void Returns(ModelSpec spec)
    {
        var text = CanonicalSpec.Render(spec);
        var again = Bound(text);
        Assert.Equal(Meaning(spec), Meaning(again));
        Assert.Equal(text, CanonicalSpec.Render(again));
    }

    public static TheoryData<string> Shipped => ModelSetTests.Shipped;

    [Theory, MemberData(nameof(Shipped))]
    public void A_shipped_spec_returns(string name) => Returns(Tree.Model(name) with { Name = "Variant" });

    [Fact]
    public void It_reads_well() => Snapshot.Verify(CanonicalSpec.Render(Variant("TinyMmMambaHybrid", """
        summary: "Quotes \" and breaks \n, \u2028 and \u0007."
        towers: [ { embedding: 2 }, { decoder: { layers: 4, norm: { rms: 1.0e-6 } } } ]
        overrides:
          - { where: "decoder[1..2]", mamba2: { conv: 4, gate: off } }
          - { where: "layers[3]", attention: { rope: { theta: 5.0e4 } } }
        seed: { mimic: { decay_log: 0.5 } }
        distill: { schedule: cosine, run: [mixer] }
        budget: { max: { parameters: 2.0e9, trainable: 15%, cache: { tokens: 4096, size: 4 GiB } } }
        """)), "yaml");

    static readonly Gen<string> Lines = Gen.Select(
        OneOf("", "layers: { mamba2: rest, attention: { every: 2, from: tail } }", "layers: mamba2", "layers: { attention: none, mamba2: all }",
            "layers: { attention: { embedding: all, decoder: { at: [1, 2..3] } }, mamba2: rest }"),
        OneOf("", "norm: { rms: 0.001 }", "towers: [ { embedding: { layers: 2, mamba2: { skip: on }, norm: { rms: 0.25 } } }, { decoder: 4 } ]"),
        OneOf("", "mamba2: { conv: off, qk_norm: on }", "mamba2: { chunk: 1, gate: off, decay: off }"),
        OneOf("", "overrides: [ { where: \"layers[0, 2..4]\", mamba2: { conv: 8 }, norm: { rms: 0.5 } }, { where: \"embedding\", attention: { rope: { theta: 9.75, max_positions: 3 } } } ]",
            "overrides: [ { where: decoder, attention: { rope: { dynamic: 1.5 } } } ]",
            "attention: { rope: { dynamic: 3, retained: dynamic } }\noverrides: [ { where: \"layers[1]\", attention: { rope: { retained: plain } } } ]"),
        OneOf("", "seed: scratch", "seed: { inherit: {} }", "seed: { mimic: { decay_log: -0.125 } }"),
        OneOf("", "distill: { stages: { end_to_end: { padding: counted, loss: { logits_kl: { per: token, prompt_weight: 0 } } } } }",
            "distill: { clip: 0.1, schedule: constant }", "distill: { stages: { mixer: ~ }, run: [] }",
            "distill: { optimizer: { adamw: { betas: [0.1, 0.95], eps: 1.0e-12 } }, stages: { end_to_end: { train: [value, dt], loss: logits_kl, lr: 1e-9 } } }"),
        OneOf("", "budget: { max: { cache: { tokens: 7, size: 1.5 GB } } }", "tokens: { system: \"\" }", "tokens: { system: ~ }", "vision: { max_tiles: 9 }"),
        (a, b, c, d, e, f, g) => string.Join("\n", new[] { a, b, c, d, e, f, g }.Where(line => line.Length > 0)));

    [Fact]
    public void Every_spec_returns() => Gen.Select(OneOf("TinyMmMambaLinear", "TinyMmMambaHybrid"), Lines).Sample((of, lines) => Returns(Variant(of, lines)), iter: 300, threads: 1);

    [Fact]
    public void Every_text_returns() => Gen.String[Gen.Char, 0, 20].Sample(
        text => Returns(Tree.Model("TinyHovle") with { Name = "Variant", Summary = text, Tokens = Tree.Model("TinyHovle").Tokens with { System = text } }), iter: 300, threads: 1);

    /// <summary>Six layers' switches, and many ways to write them.</summary>
    static string Written(int[] convs, bool[] gates, int way)
    {
        var lines = new List<string>();
        string Of(int i) => $"mamba2: {{ conv: {(convs[i] == 0 ? "off" : convs[i])}, gate: {(gates[i] ? "on" : "off")} }}";
        switch (way)
        {
            case 0:
                lines.Add("overrides:");
                for (var i = 5; i >= 0; i--) lines.Add($"  - {{ where: \"layers[{i}]\", {Of(i)} }}");
                break;
            case 1:
                lines.Add($"towers: [ {{ embedding: {{ layers: 2, {Of(1)} }} }}, {{ decoder: {{ layers: 4, {Of(5)} }} }} ]\noverrides:");
                for (var i = 0; i < 6; i++) lines.Add($"  - {{ where: \"{(i < 2 ? $"embedding[{i}]" : $"decoder[{i - 2}]")}\", {Of(i)} }}");
                break;
            default:
                lines.Add(Of(way - 2) + "\noverrides:");
                for (var i = 0; i < 6; i++)
                {
                    lines.Add($"  - {{ where: \"layers[{i}]\", mamba2: {{ conv: {(convs[i] == 0 ? "off" : convs[i])} }} }}");
                    lines.Add($"  - {{ where: \"layers[{i}]\", mamba2: {{ gate: {(gates[i] ? "true" : "false")} }} }}");
                }
                break;
        }
        return string.Join("\n", lines);
    }

    static readonly Gen<(int[] Convs, bool[] Gates, string Placement, int Way)> Layers = Gen.Select(
        OneOf(0, 2).Array[6], OneOf(true, true, true, false).Array[6],
        OneOf("layers: mamba2", "layers: { mamba2: all, attention: none }", "layers: { mamba2: rest, attention: { at: [0, 3] } }",
            "layers: { mamba2: rest, attention: { count: 2, from: head, pattern: interleaved } }"),
        Gen.Int[0, 5]);

    /// <summary>
    /// One canonical form is one identity, of the architecture and of its converted form that stages 1 and 2 train. What identity leaves
    /// out (names, chunk, recipe) is the same here.
    /// </summary>
    [Fact]
    public void Equal_forms_are_equal_identities()
    {
        var teacher = ModelSet.Resolve(Tree.Bind([.. Tree.Shipped])).Find("TinyHovle");
        var (equal, different) = (0, 0);
        // Half of the pairs say the same in two ways.
        Gen.Select(Layers, Layers, Gen.Bool).Sample((a, b, same) =>
        {
            if (same) b = (a.Convs, a.Gates, b.Placement, b.Way);
            var specs = new[] { a, b }.Select(one => Variant("TinyMmMambaLinear", one.Placement + "\n" + Written(one.Convs, one.Gates, one.Way))).ToArray();
            var forms = specs.Select(CanonicalSpec.Render).ToArray();
            var identities = specs.Select(spec => Resolver.Resolve(spec, teacher)).Select(model => (model.Fingerprint, model.Distillation!.ConvertedFingerprint)).ToArray();
            Assert.Equal(forms[0] == forms[1], identities[0] == identities[1]);
            if (forms[0] == forms[1]) equal++;
            else different++;
        }, iter: 200, threads: 1);
        Assert.True(equal > 20 && different > 20, $"{equal} pairs equal, {different} different");
    }
}
