using System.Text.Json;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Tests.Architecture;
using MmMamba.Testing;

namespace MmMamba.ModelDsl.Tests.Rendering;

/// <summary>Every value of a model with the line that wrote it.</summary>
public class OriginsTests
{
    static BoundSpec Shipped(string name) => Tree.Bind([.. Tree.Shipped]).Single(spec => spec.Name == name);

    static BoundSpec Mine => Tree.BindAmongShipped(new SpecFile("mine.mmmodel.yaml", """
        mmmodel: 1
        model: Mine
        extends: TinyMmMambaHybrid
        tokens: { system: ~ }
        layers: { attention: { from: tail } }
        mamba2: { skip: on, chunk: ~ }
        overrides:
          - { where: "decoder[1..2]",
              mamba2: { conv: 4 } }
          - { where: "layers[4]", norm: { rms: 0.5 } }
        distill: { schedule: cosine }
        """)).Single();

    /// <summary>What is said of a setting of the last of some files.</summary>
    static string Said(string path, params string[] files)
    {
        var text = files.Select((lines, i) => new SpecFile($"{(char)('a' + i)}.mmmodel.yaml", $"mmmodel: 1\nmodel: M{i}\nextends: {(i == 0 ? "" : $"M{i - 1}\n")}{lines}\n")).ToArray();
        var spec = Tree.BindAmongShipped(text).Last();
        Assert.True(spec.Model is not null, string.Join("\n", spec.Diagnostics));
        return Said(path, spec.Written.Single());
    }

    static string Said(string path, WrittenModel of)
    {
        var json = JsonDocument.Parse(Origins.Json(of)).RootElement;
        var one = json.GetProperty("settings").EnumerateArray().Concat(json.GetProperty("removed").EnumerateArray()).Single(one => one.GetProperty("path").GetString() == path);
        string Places(string key) => string.Join(" ", one.GetProperty(key).EnumerateArray().Select(place => $"{place.GetProperty("file").GetString()![..^".mmmodel.yaml".Length]}:{place.GetProperty("line")}"));
        return $"{(one.GetProperty("default").GetBoolean() ? "default " : "")}{Places("from")}|{Places("instead_of")}|{Places("taken_away_by")}";
    }

    const string Linear = "TinyMmMambaLinear", Hybrid = "TinyMmMambaHybrid";

    [Theory]
    // The nearest key that writes it, and what it is there instead of, however far down that is.
    [InlineData("hidden", "tiny-hovle:8||", "TinyHovle")]
    [InlineData("hidden", "a:4|tiny-hovle:8|", "TinyHovle\nhidden: 48")]
    [InlineData("hidden", "a:4|tiny-hovle:8|", "TinyHovle\nhidden: 48", "summary: s")]
    [InlineData("hidden", "b:4|a:4|", "TinyHovle\nhidden: 48", "hidden: 64")]
    [InlineData("distill.clip", "a:6|tiny-linear:12|", Linear + "\ndistill:\n  schedule: cosine\n  clip: 1")]
    [InlineData("model", "b:2||", "TinyHovle", "summary: s")]
    // Defaults, and what took an inherited value away.
    [InlineData("mamba2.gate", "default ||", Linear)]
    [InlineData("mamba2.chunk", "default |tiny-linear:7|a:4", Linear + "\nmamba2: { chunk: ~ }")]
    [InlineData("mamba2.chunk", "default |tiny-linear:7|a:4", Linear + "\nmamba2: ~", "summary: s")]
    [InlineData("mamba2.conv", "b:4|tiny-linear:7|", Linear + "\nmamba2: ~", "mamba2: { conv: 4 }")]
    [InlineData("mamba2.chunk", "default |tiny-linear:7|a:4", Linear + "\nmamba2: ~", "mamba2: { conv: 4 }")]
    [InlineData("tokens.system", "|tiny-hovle:5|a:4", "TinyHovle\ntokens: { system: ~ }")]
    [InlineData("budget", "|a:4|b:4", "TinyHovle\nbudget: { max: { parameters: 1e9 } }", "budget: ~")]
    // Choices: who names the case, and who writes its settings.
    [InlineData("distill.schedule", "a:4|tiny-linear:13|", Linear + "\ndistill: { schedule: cosine }")]
    [InlineData("distill.schedule.wsd.warmup", "tiny-linear:13||", Linear + "\ndistill: { schedule: { wsd: { decay: 5% } } }")]
    [InlineData("distill.schedule.wsd.decay", "a:4|tiny-linear:13|", Linear + "\ndistill: { schedule: { wsd: { decay: 5% } } }")]
    [InlineData("distill.schedule.cosine.warmup", "default |a:4|b:4", Linear + "\ndistill: { schedule: { cosine: { warmup: 5% } } }", "distill: { schedule: { cosine: { warmup: ~ } } }")]
    [InlineData("seed", "tiny-linear:9||", Linear)]
    [InlineData("seed.mimic.decay_log", "default ||", Linear)]
    // Phrases: all that they consist of.
    [InlineData("layers.attention.at", "a:4 tiny-hybrid:8|tiny-hybrid:8|", Hybrid + "\nlayers: { attention: { count: 3 } }")]
    [InlineData("layers.attention.at", "a:4|tiny-hybrid:8|", Hybrid + "\nlayers: { attention: { at: [1] } }")]
    [InlineData("layers.attention.at", "tiny-hybrid:8|tiny-linear:6|", Hybrid)]
    [InlineData("layers.attention.at", "a:5|tiny-linear:6|", Linear + "\nlayers:\n  mamba2: { at: [1] }\n  attention: rest")]
    [InlineData("layers", "a:4|tiny-hybrid:8|", Hybrid + "\nlayers: mamba2")]
    // Towers over the model, layers over towers.
    [InlineData("towers[1].decoder.norm.rms", "a:4|tiny-hovle:9|", "TinyHovle\ntowers: [ { embedding: 2 }, { decoder: { layers: 4, norm: { rms: 0.5 } } } ]")]
    [InlineData("towers[1].decoder.layers", "a:5|tiny-hovle:7|", "TinyHovle\ntowers: [ { embedding: { layers: 2, norm: { rms: 0.5 } } },\n { decoder: 5 } ]")]
    [InlineData("norm.rms", "tiny-hovle:9 a:4|tiny-hovle:9|", "TinyHovle\ntowers: [ { embedding: 2 }, { decoder: { layers: 4, norm: { rms: 1e-5 } } } ]")]
    [InlineData("overrides[0].norm.rms", "a:5|a:4|", "TinyHovle\ntowers: [ { embedding: { layers: 2, norm: { rms: 0.5 } } }, { decoder: 4 } ]\noverrides: [ { where: \"layers[1]\", norm: { rms: 0.25 } } ]")]
    [InlineData("overrides[0].mamba2.conv", "a:5 a:6|tiny-linear:7|", Linear + "\noverrides:\n- { where: \"decoder[1]\", mamba2: { conv: 4 } }\n- { where: \"decoder[3]\", mamba2: { conv: 4 } }")]
    [InlineData("overrides[0].mamba2.chunk", "default |tiny-linear:7|a:4", Linear + "\noverrides: [ { where: \"layers[3]\", mamba2: { chunk: ~ } } ]")]
    [InlineData("mamba2.conv", "tiny-linear:7|a:4|", Linear + "\noverrides: [ { where: \"layers[3]\", mamba2: { conv: 4 } } ]", "overrides: ~")]
    public void A_value_is_from(string path, string expected, params string[] files) => Assert.Equal(expected, Said(path, files));

    [Fact]
    public void Text() => Snapshot.Verify(Origins.Text(Mine.Written.Single()));

    [Fact]
    public void Json() => Snapshot.Verify(Origins.Json(Mine.Written.Single()), "json");

    /// <summary>The text with its comments is the canonical form itself.</summary>
    [Fact]
    public void The_text_is_a_spec()
    {
        var again = Tree.BindAmongShipped(new SpecFile("again.mmmodel.yaml", Origins.Text(Mine.Written.Single()))).Single();
        Assert.Equal(CanonicalSpec.Render(Mine.Model!), CanonicalSpec.Render(again.Model!));
    }

    [Theory, MemberData(nameof(ModelSetTests.Shipped), MemberType = typeof(ModelSetTests))]
    public void A_line_that_is_named_holds_the_key(string name)
    {
        var texts = Tree.Shipped.ToDictionary(file => Path.GetFileName(file.Path), file => file.Text.Split('\n'));
        var settings = JsonDocument.Parse(Origins.Json(Shipped(name).Written.Single())).RootElement.GetProperty("settings").EnumerateArray().ToList();
        Assert.True(settings.Count > 30);
        foreach (var setting in settings)
            foreach (var place in setting.GetProperty("from").EnumerateArray())
            {
                var line = texts[place.GetProperty("file").GetString()!][place.GetProperty("line").GetInt32() - 1];
                var key = setting.GetProperty("path").GetString()!.Split('.')[^1];
                Assert.Contains(key == "at" ? "attention" : key, line);
            }
        // What no file says is what the edition says: edition 1 gives these and no others.
        string[] defaults = ["max_positions", "conv", "chunk", "gate", "gate_norm", "decay", "skip", "qk_norm", "window", "decay_log", "eps"];
        Assert.All(settings.Where(setting => setting.GetProperty("from").GetArrayLength() == 0),
            setting => Assert.Contains(setting.GetProperty("path").GetString()!.Split('.')[^1], defaults));
    }

    [Fact]
    public void A_spec_with_errors_has_no_values()
    {
        Assert.Empty(Tree.BindAmongShipped(new SpecFile("broken.mmmodel.yaml", "mmmodel: 1\nmodel: Broken\nextends: TinyHovle\nhiden: 3")).Single().Written);
        Assert.Empty(Tree.BindAmongShipped(new SpecFile("broken.mmmodel.yaml", "mmmodel: 1\nablation: Broken\nof: TinyMmMambaHybrid\nvariants: { Wide: { hidden: 128 } }")).Single().Written);
    }
}
