using System.Text.Json;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.Testing;

namespace MmMamba.ModelDsl.Tests.Rendering;

/// <summary>Every value of a family's member with the line of the family, the base or the axis value that wrote it.</summary>
public class MemberOriginsTests
{
    const string Low = """
        mmmodel: 1
        ablation: Low
        of: TinyMmMambaHybrid
        axes:
          from:
            set: layers.attention.from
            to:
            - head
            - { End: tail }
          seed: { set: seed, to: [mimic,
            scratch, { Slow: {
            mimic: { decay_log: -1.5 } } }] }
        variants:
          Wide:
            hidden: 96
            mamba2: { skip: on,
              chunk: ~ }
        """;

    const string High = """
        mmmodel: 1

        ablation: High
        extends: Low
        axes:
          from: { to: [tail] }
        variants:
          Wide: { summary: Wide., mamba2: { conv: 3 } }
        """;

    static WrittenModel Member(string name) => Tree.BindAmongShipped(new("low.mmmodel.yaml", Low), new("high.mmmodel.yaml", High))
        .SelectMany(spec => spec.Written).Single(one => one.Model.Name == name);

    static string Said(string path, WrittenModel of)
    {
        var json = JsonDocument.Parse(Origins.Json(of)).RootElement;
        var one = json.GetProperty("settings").EnumerateArray().Single(one => one.GetProperty("path").GetString() == path);
        string Places(string key) => string.Join(" ", one.GetProperty(key).EnumerateArray().Select(place => $"{place.GetProperty("file").GetString()![..^".mmmodel.yaml".Length]}:{place.GetProperty("line")}"));
        return $"{(one.GetProperty("default").GetBoolean() ? "default " : "")}{Places("from")}|{Places("instead_of")}|{Places("taken_away_by")}";
    }

    [Theory]
    // A member's name and edition are the family's; its name is made of its values.
    [InlineData("Low.EndScratch", "mmmodel", "low:1||")]
    [InlineData("Low.EndScratch", "model", "low:9 low:11||")]
    [InlineData("Low.EndScratch", "summary", "low:9 low:11||")]
    [InlineData("Low.Wide", "model", "low:14||")]
    [InlineData("Low.Wide", "summary", "low:14||")]
    [InlineData("High.Wide", "model", "high:8||")]
    [InlineData("High.Wide", "summary", "high:8||")]
    [InlineData("High.TailMimic", "mmmodel", "high:1||")]
    // The value of an axis stands where it is listed, and what it is there instead of in the base.
    [InlineData("Low.EndScratch", "layers.attention.at", "tiny-hybrid:8 low:9|tiny-hybrid:8|")]
    [InlineData("Low.HeadScratch", "layers.attention.at", "tiny-hybrid:8 low:8|tiny-hybrid:8|")]
    [InlineData("High.TailScratch", "layers.attention.at", "tiny-hybrid:8 high:6|tiny-hybrid:8|")]
    [InlineData("Low.EndScratch", "seed", "low:11|tiny-linear:9|")]
    [InlineData("Low.HeadMimic", "seed", "low:10|tiny-linear:9|")]
    [InlineData("Low.EndSlow", "seed.mimic.decay_log", "low:12||")]
    [InlineData("High.TailSlow", "seed.mimic.decay_log", "low:12||")]
    // A variant's keys stand where they are written, of whichever family.
    [InlineData("Low.Wide", "hidden", "low:15|tiny-hovle:8|")]
    [InlineData("Low.Wide", "mamba2.skip", "low:16||")]
    [InlineData("Low.Wide", "mamba2.chunk", "default |tiny-linear:7|low:17")]
    [InlineData("High.Wide", "mamba2.conv", "high:8|tiny-linear:7|")]
    [InlineData("High.Wide", "mamba2.chunk", "default |tiny-linear:7|low:17")]
    // What the family says nothing of is the base's own.
    [InlineData("Low.EndScratch", "distill.clip", "tiny-linear:12||")]
    [InlineData("Low.EndScratch", "attention.heads", "tiny-hovle:11||")]
    public void A_value_is_from(string member, string path, string expected) => Assert.Equal(expected, Said(path, Member(member)));

    [Fact]
    public void Text() => Snapshot.Verify(Origins.Text(Member("Low.EndScratch")));

    /// <summary>Without its name, which has a point, the text of a member is a model that means the same.</summary>
    [Fact]
    public void The_text_is_a_spec()
    {
        foreach (var one in Tree.Bind([.. Tree.Shipped]).Where(spec => spec.IsFamily).SelectMany(spec => spec.Written))
        {
            var name = one.Model.Name.Replace('.', '_');
            var again = Tree.BindAmongShipped(new SpecFile("again.mmmodel.yaml", Origins.Text(one).Replace($"model: {one.Model.Name} ", $"model: {name} "))).Single();
            Assert.Equal(CanonicalSpec.Render(one.Model with { Name = name }), CanonicalSpec.Render(again.Model!));
        }
    }

    [Fact]
    public void Every_member_of_the_tree_has_its_values_from_a_line_or_the_edition()
    {
        var lines = Tree.Shipped.ToDictionary(file => Path.GetFileName(file.Path), file => file.Text.Split('\n').Length);
        var families = Tree.Bind([.. Tree.Shipped]).Where(spec => spec.IsFamily).ToArray();
        foreach (var family in families)
        {
            Assert.Equal(family.Members.Select(member => $"{family.Name}.{member}"), family.Written.Select(one => one.Model.Name));
            foreach (var one in family.Written)
                foreach (var setting in JsonDocument.Parse(Origins.Json(one)).RootElement.GetProperty("settings").EnumerateArray())
                {
                    var from = setting.GetProperty("from").EnumerateArray().ToArray();
                    Assert.Equal(from.Length == 0, setting.GetProperty("default").GetBoolean());
                    Assert.All(from, place => Assert.InRange(place.GetProperty("line").GetInt32(), 1, lines[place.GetProperty("file").GetString()!]));
                }
        }
        Assert.Equal(8, families.Length);
    }
}
