using System.Text.Json;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Tests.Architecture;
using MmMamba.Testing;

namespace MmMamba.ModelDsl.Tests.Rendering;

/// <summary>Tables of families, as people and programs read them.</summary>
public class FamilySheetTests
{
    [Theory, MemberData(nameof(FamilyTests.Shipped), MemberType = typeof(FamilyTests))]
    public void Shipped(string name) => Snapshot.Verify(FamilySheet.Render(FamilyTests.Family(name)), hint: name);

    [Theory, InlineData("StageSubsets"), InlineData("AttentionLayers")]
    public void Json(string name) => Snapshot.Verify(FamilyJson.Render(FamilyTests.Family(name)), "json", name);

    [Fact]
    public void Programs_find_the_members()
    {
        using var json = JsonDocument.Parse(FamilyJson.Render(FamilyTests.Family("HybridStrategy")), new() { AllowDuplicateProperties = false });
        var members = json.RootElement.GetProperty("members").EnumerateArray().ToDictionary(member => member.GetProperty("name").GetString()!);
        Assert.Equal([0, 4, 8, 12, 16, 20, 24, 28], members["HeadInterleaved"].GetProperty("attention_layers").EnumerateArray().Select(layer => layer.GetInt32()));
        Assert.Equal("HybridStrategy.TailStacked", members["TailStacked"].GetProperty("model").GetString());
    }

    [Fact]
    public void Text_of_a_spec_stays_on_its_line()
    {
        var bound = Tree.BindAmongShipped(
            new SpecFile("f\u001b[1m.mmmodel.yaml", "mmmodel: 1\nablation: F\nof: TinyHovle\nsummary: \"a\\nb\\e[31m\"\nvariants: { A: { hidden: 48, summary: \"c\\nd\" } }\nreported: t.yaml\n"),
            new SpecFile("t.yaml", "source: \"e\\nf\\u2028\"\nfigures: { A: { x: 1 } }\n"));
        Assert.True(bound[0].Family is not null, string.Join("\n", bound[0].Diagnostics));
        var text = FamilySheet.Render(ModelSet.Resolve([bound[0]]).Families[0]);
        Assert.Contains("a b [31m\n", text);
        Assert.Contains("reported in e f\n", text);
        Assert.DoesNotContain('\u001b', text);
    }
}
