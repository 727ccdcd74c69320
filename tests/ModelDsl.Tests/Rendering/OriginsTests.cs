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
        mamba2: { skip: on }
        overrides:
          - { where: "decoder[1..2]",
              mamba2: { conv: 4 } }
          - { where: "layers[4]", norm: { rms: 0.5 } }
        """)).Single();

    [Fact]
    public void Text() => Snapshot.Verify(Origins.Text(Mine));

    [Fact]
    public void Json() => Snapshot.Verify(Origins.Json(Mine), "json");

    /// <summary>The text with its comments is the canonical form itself.</summary>
    [Fact]
    public void The_text_is_a_spec()
    {
        var again = Tree.BindAmongShipped(new SpecFile("again.mmmodel.yaml", Origins.Text(Mine))).Single();
        Assert.Equal(CanonicalSpec.Render(Mine.Model!), CanonicalSpec.Render(again.Model!));
    }

    [Theory, MemberData(nameof(ModelSetTests.Shipped), MemberType = typeof(ModelSetTests))]
    public void A_line_that_is_named_holds_the_key(string name)
    {
        var texts = Tree.Shipped.ToDictionary(file => Path.GetFileName(file.Path), file => file.Text.Split('\n'));
        var settings = JsonDocument.Parse(Origins.Json(Shipped(name))).RootElement.GetProperty("settings").EnumerateArray().ToList();
        Assert.True(settings.Count > 30);
        foreach (var setting in settings.Where(setting => setting.GetProperty("file").GetString() is not null))
        {
            var line = texts[setting.GetProperty("file").GetString()!][setting.GetProperty("line").GetInt32() - 1];
            var key = setting.GetProperty("path").GetString()!.Split('.')[^1];
            Assert.Contains(key == "at" ? "attention" : key, line);
        }
        // What no file says is what the edition says: edition 1 gives these and no others.
        string[] defaults = ["max_positions", "conv", "chunk", "gate", "gate_norm", "decay", "skip", "qk_norm", "decay_log", "eps"];
        Assert.All(settings.Where(setting => setting.GetProperty("file").GetString() is null),
            setting => Assert.Contains(setting.GetProperty("path").GetString()!.Split('.')[^1], defaults));
    }

    [Fact]
    public void A_spec_with_errors_has_no_values() =>
        Assert.Throws<ArgumentException>(() => Origins.Text(Tree.BindAmongShipped(new SpecFile("broken.mmmodel.yaml", "mmmodel: 1\nmodel: Broken\nextends: TinyHovle\nhiden: 3")).Single()));
}
