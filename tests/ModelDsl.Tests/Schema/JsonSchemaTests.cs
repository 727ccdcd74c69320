using System.Text.Json;
using CsCheck;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Tests.Schema;

/// <summary>The schema that editors complete from says what the language says.</summary>
public class JsonSchemaTests
{
    static readonly JsonElement Schema = JsonDocument.Parse(JsonSchema.Render(), new() { AllowDuplicateProperties = false }).RootElement;

    static List<string> Mistakes(string text)
    {
        var (root, _, problems) = SpecReader.Read("spec.mmmodel.yaml", text);
        Assert.True(root is not null, string.Join("\n", problems));
        return SchemaValidator.Mistakes(Schema, root);
    }

    [Fact]
    public void Committed_schema_is_what_the_table_renders() => CommittedFile.Verify(JsonSchema.Render(), "schemas", "mmmodel.schema.json");

    [Fact]
    public void Committed_page_of_keys_is_what_the_table_renders() => CommittedFile.Verify(SpecReference.Render(), "docs", "spec-reference.md");

    public static TheoryData<string> Shipped => [.. Tree.Shipped.Select(file => file.Path)];

    [Theory, MemberData(nameof(Shipped))]
    public void Every_shipped_spec_fits(string path) => Assert.Empty(Mistakes(Tree.Shipped.Single(file => file.Path == path).Text));

    [Theory, MemberData(nameof(Shipped))]
    public void Every_shipped_spec_names_the_schema(string path) =>
        Assert.StartsWith("# yaml-language-server: $schema=../schemas/mmmodel.schema.json\n", Tree.Shipped.Single(file => file.Path == path).Text.Replace("\r\n", "\n"));

    /// <summary>Whatever the language accepts in a file, the schema accepts.</summary>
    [Fact]
    public void Every_overlay_fits() => Generate.Overlay.Sample(
        overlay => Assert.Empty(Mistakes(overlay.Replace("model: Overlay\n", "model: Overlay\nextends: TinyHovle\n"))), iter: 1_000, threads: 1);

    /// <inheritdoc cref="Every_overlay_fits"/>
    [Fact]
    public void Examples_with_no_more_than_a_doubt_fit()
    {
        foreach (var rule in Diagnostics.All.Where(rule => rule.Example is not null && rule.Severity != Severity.Error))
            foreach (var (_, text) in ExampleFiles.Split(rule.Example!))
                Assert.True(Mistakes(ExampleFiles.Unmarked(text)) is [], rule.Id);
    }

    [Theory]
    [InlineData("layers: { attention: { at: [0, 4, 8..11] }, mamba2: rest }")]
    [InlineData("layers: { attention: { embedding: none, decoder: { every: 4, from: head } } }")]
    [InlineData("layers: { attention: { from: tail } }")]
    [InlineData("layers: { attention: { embedding: ~ } }")]
    [InlineData("layers: mamba2")]
    [InlineData("seed: mimic")]
    [InlineData("seed: { mimic: { decay_log: 0.5 } }")]
    [InlineData("teacher: ~")]
    [InlineData("tokens: { system: ~ }")]
    [InlineData("attention: { rope: { dynamic: ~ } }")]
    [InlineData("attention: { rope: { retained: dynamic } }")]
    [InlineData("mamba2: { conv: off, gate: on, skip: true }")]
    [InlineData("mamba2: { conv: false }")]
    [InlineData("distill: { schedule: cosine }")]
    [InlineData("distill: { schedule: { wsd: { warmup: 5 % } }, run: [] }")]
    [InlineData("distill: { stages: { mixer: ~, introduced: { train: [ssm], loss: logits_kl } } }")]
    [InlineData("towers: [ { embedding: 8 }, { decoder: { layers: 24, norm: { rms: 1.0e-6 } } } ]")]
    [InlineData("overrides: [ { where: \"decoder[8..15, 17]\", mamba2: { chunk: 256 } }, { where: layers, norm: { rms: 1.0e-6 } } ]")]
    [InlineData("budget: { max: { parameters: 2.75e9, trainable: 15%, cache: { tokens: 103424, size: 4 GiB } } }")]
    [InlineData("budget: ~")]
    public void Every_form_fits_where_a_base_is_extended(string lines) => Assert.Empty(Mistakes($"mmmodel: 1\nmodel: Variant\nextends: Hovle\n{lines}\n"));

    [Theory]
    [InlineData("axes: { from: { set: layers.attention.from, to: [tail, { Head: head }] } }")]
    [InlineData("variants: { A: {}, B: { layers: mamba2, summary: B. } }\ncontrol: A\nreference: [Hovle]\nreported: t.yaml")]
    [InlineData("extends: HybridStrategy\naxes: { from: ~, pattern: { to: [stacked] } }\ncontrol: { pattern: stacked }\nreported: ~")]
    public void Every_form_of_a_family_fits(string lines) => Assert.Empty(Mistakes($"mmmodel: 1\nablation: Family\nof: Hovle\n{lines}\n"));

    [Theory]
    [InlineData("axis: { from: { set: hidden, to: [1] } }", "$.axis")]
    [InlineData("axes: { From: { set: hidden, to: [1] } }", "$.axes.From")]
    [InlineData("axes: { from: { set: hidden, too: [1] } }", "$.axes.from.too")]
    [InlineData("axes: { from: { set: hidden, to: 1 } }", "$.axes.from.to")]
    [InlineData("variants: { a: {} }", "$.variants.a")]
    [InlineData("variants: { A: { hiden: 3 } }", "$.variants.A.hiden")]
    [InlineData("variants: { A: {} }\ncontrol: 3", "$.control")]
    [InlineData("variants: { A: {} }\nmodel: Hovle", "$.model")]
    public void A_typical_mistake_of_a_family_is_shown(string lines, string at)
    {
        var text = $"mmmodel: 1\nablation: Family\nof: Hovle\n{lines}\n";
        Assert.Contains(Mistakes(text), mistake => mistake.StartsWith(at + ":", StringComparison.Ordinal));
        Assert.NotEmpty(SpecParser.Parse(new("spec.mmmodel.yaml", text)).Diagnostics);
    }

    [Theory]
    [InlineData("hiden: 64", "$.hiden")]
    [InlineData("hidden: 0", "$.hidden")]
    [InlineData("hidden: 1.5", "$.hidden")]
    [InlineData("hidden: wide", "$.hidden")]
    [InlineData("attention: { heds: 4 }", "$.attention.heds")]
    [InlineData("attention: { rope: { theta: 0.5 } }", "$.attention.rope.theta")]
    [InlineData("norm: { rms: 0 }", "$.norm")]
    [InlineData("norm: rms", "$.norm")]
    [InlineData("mamba2: { conv: 1 }", "$.mamba2.conv")]
    [InlineData("mamba2: { gate: yes }", "$.mamba2.gate")]
    [InlineData("layers: mamba", "$.layers")]
    [InlineData("layers: { attention: { count: 4, every: 2 } }", "$.layers")]
    [InlineData("layers: { attention: { decoder: rest } }", "$.layers")]
    [InlineData("seed: mimick", "$.seed")]
    [InlineData("seed: { mimic: {}, scratch: {} }", "$.seed")]
    [InlineData("distill: { run: [introduced, introduced] }", "$.distill.run")]
    [InlineData("distill: { stages: { mixer: { train: [keys] } } }", "$.distill.stages.mixer.train[0]")]
    [InlineData("distill: { optimizer: { adamw: { betas: [0.9] } } }", "$.distill.optimizer")]
    [InlineData("distill: { schedule: { wsd: { warmup: 120% } } }", "$.distill.schedule")]
    [InlineData("towers: [ { Embedding: 8 } ]", "$.towers[0].Embedding")]
    [InlineData("towers: [ { embedding: { norm: { rms: 1.0e-6 } } } ]", "$.towers[0].embedding")]
    [InlineData("towers: 8", "$.towers")]
    [InlineData("summary: ~", "$.summary")]
    [InlineData("overrides: [ { where: \"decoder[8..]\", mamba2: { chunk: 256 } } ]", "$.overrides[0].where")]
    [InlineData("overrides: [ { mamba2: { chunk: 256 } } ]", "$.overrides[0]")]
    [InlineData("overrides: [ { where: ~, mamba2: { chunk: 256 } } ]", "$.overrides[0].where")]
    [InlineData("budget: { max: { cache: { size: 4 Gib } } }", "$.budget.max.cache.size")]
    [InlineData("budget: { parameters: 5 }", "$.budget.parameters")]
    public void A_typical_mistake_is_shown(string lines, string at)
    {
        var text = $"mmmodel: 1\nmodel: Variant\nextends: Hovle\n{lines}\n";
        Assert.Contains(Mistakes(text), mistake => mistake.StartsWith(at + ":", StringComparison.Ordinal));
        // The compiler finds it too: the schema is no stricter than the language.
        Assert.NotEmpty(SpecParser.Parse(new("spec.mmmodel.yaml", text)).Diagnostics.Concat(Tree.Diagnose("Hovle", lines)));
    }

    [Theory]
    [InlineData("model: Hovle", "model: hovle")]
    [InlineData("mmmodel: 1", "mmmodel: 2")]
    [InlineData("hidden: 2048\n", "")]
    [InlineData("kv_heads: 8, ", "", "tower")]
    [InlineData("vocab: 92553, ", "")]
    [InlineData("rope: { theta: 1.0e6, ", "rope: { ", "tower")]
    [InlineData("layers: attention", "layers: { mamba2: rest, attention: { count: 8, from: head } }")]
    [InlineData("layers: attention", "layers: { mamba2: rest, attention: { embedding: none, decoder: { every: 3 } } }")]
    public void A_base_is_complete(string whole, string broken, string? left = null)
    {
        var hovle = Tree.Shipped.Single(file => file.Path.EndsWith("/hovle.mmmodel.yaml", StringComparison.Ordinal)).Text.Replace("\r\n", "\n");
        Assert.Contains(whole, hovle);
        // What a tower may bring is no mistake that one key alone shows.
        if (left is null) Assert.NotEmpty(Mistakes(hovle.Replace(whole, broken)));
        else Assert.Empty(Mistakes(hovle.Replace(whole, broken)));
    }

    [Fact]
    public void Every_key_says_what_it_means()
    {
        var seen = new HashSet<object>();
        foreach (var key in SpecShape.Root.Keys.Concat(FamilyShape.Root.Keys).Concat(FamilyShape.Reported.Keys)) Says(key.Name, key);
        Assert.True(seen.Count > 10);

        void Says(string path, KeyShape key)
        {
            Assert.True(key.Says.EndsWith('.'), $"{path} says nothing");
            Assert.DoesNotContain('|', key.Says);
            if (!seen.Add(key.Shape)) return;
            IEnumerable<KeyShape> inside = key.Shape switch
            {
                MappingShape mapping => mapping.Keys,
                ChoiceShape choice => choice.Cases,
                TowersShape towers => towers.Tower.Keys,
                NamedShape { Item: MappingShape item } => item.Keys,
                ListShape { Item: MappingShape item } => item.Keys,
                LayersShape => LayersShape.Placements,
                PlacementShape => [.. PlacementShape.Counted.Keys, .. PlacementShape.Periodic.Keys, .. PlacementShape.Listed.Keys],
                _ => [],
            };
            foreach (var one in inside) Says(path + "." + one.Name, one);
        }
    }
}
