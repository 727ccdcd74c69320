using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Tests.Architecture;
using MmMamba.Testing;

namespace MmMamba.ModelDsl.Tests.Rendering;

/// <summary>Sheets, as people read them.</summary>
public class SheetTests
{
    [Theory, MemberData(nameof(ModelSetTests.Shipped), MemberType = typeof(ModelSetTests))]
    public void Shipped(string name) => Snapshot.Verify(Sheet.Render(ModelSetTests.Model(name)), hint: name);

    [Fact]
    public void Ninety_six_layers_from_scratch_with_every_switch_turned()
    {
        static ModelSpec Deep(ModelSpec spec) => spec with
        {
            Towers = [spec.Towers[0] with { Layers = 8 }, spec.Towers[1] with { Layers = 88 }],
            Summary = "Two\nlines and a bell \a.",
        };
        var mixer = new Mamba2Spec(0, 64, false, false, false, true, true);
        var teacher = Resolver.Resolve(Deep(Published.HovleSpec with { Layers = Published.AllAttention(96) }));
        var student = Deep(Published.With(mixer)) with
        {
            Layers = new([.. Published.Placed(Placement.Every(96, 5, fromHead: false), 96, "deep.mmmodel.yaml").Placements.Select((placement, i) => placement with { Line = 3 + i })]),
            Seed = new(SeedKind.Scratch, 1),
            Tokens = Published.LinearSpec.Tokens with { System = "" },
        };
        Snapshot.Verify(Sheet.Render(Resolver.Resolve(student, teacher)));
    }

    [Fact]
    public void Markdown() => Snapshot.Verify(Sheet.Markdown(Published.Hybrid), "md");

    /// <summary>A summary is anyone's text: in a pull request it is no markup, no table, no list, and addresses nobody.</summary>
    [Theory]
    [InlineData("a | b `c` <img src=x> [l](u) @someone #1", @"a \| b \`c\` \<img src=x\> \[l\](u) @<!-- -->someone \#1")]
    [InlineData("1. first", @"1\. first")]
    [InlineData("12 layers", "12 layers")]
    [InlineData("- dash", @"\- dash")]
    [InlineData("# no heading\n```", @"\# no heading \`\`\`")]
    [InlineData("\u202Eright to left\u001b[31m", "\uFFFDright to left \\[31m")]
    public void Markdown_escapes(string summary, string line) =>
        Assert.Equal(line, Sheet.Markdown(Published.Hybrid with { Summary = summary }).Split('\n')[2]);

    [Fact]
    public void Nothing_is_wider_than_a_terminal_of_a_reviewer() =>
        Assert.All(Sheet.Render(Published.Hybrid).Split('\n'), line => Assert.InRange(line.Length, 0, 150));
}
