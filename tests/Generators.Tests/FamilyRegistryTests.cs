using MmMamba.Generators.Tests.Harness;
using MmMamba.Testing;

namespace MmMamba.Generators.Tests;

/// <summary>Registries of ablation families: values with plans, and a stub where the family has mistakes.</summary>
public sealed class FamilyRegistryTests
{
    const string File = "own.mmmodel.yaml";

    const string Own = "mmmodel: 1\nablation: Own\nof: MmMambaHybrid\naxes: { from: { set: layers.attention.from, to: [tail, head] } }\n"
        + "variants: { Hovle: { layers: mamba2, distill: { run: [end_to_end] } }, Wide: { mamba2: { conv: 4 } } }\ncontrol: { from: head }\nreference: [Hovle]\n";

    const string Code = """
        using System.Collections.Generic;
        using System.Linq;
        using MmMamba.Runtime;
        using MmMamba.Runtime.Plans;
        using MmMamba.Runtime.Seeding;
        class User
        {
            static VisionLanguageModel Make(ParameterSource source) => new(Own.Tail.Plan, source);
            static string Figures(Own member) => string.Join(" ", member.Reported.Select(figure => $"{figure.Metric} {figure.Value}"));
            static bool IsControl(Own member) => member == Own.Control;
            static IEnumerable<string> Names<T>() where T : FamilyMember, IModelFamily<T> => T.All.Select(member => member.Plan.Name).Concat(T.References.Select(row => row.Name));
            static IEnumerable<string> OwnNames => Names<Own>();
        }
        """;

    [Theory]
    [InlineData("HybridStrategy")]
    [InlineData("StageSubsets")]
    public void A_registry_is_generated_as_approved(string family) => Snapshot.Verify(Project.Shipped().Run().Sources[$"{family}.g.cs"], "cs", family);

    [Fact]
    public void It_is_used_by_name_and_by_type()
    {
        Assert.Empty(new Project(Specs.Files.Append(KeyValuePair.Create(File, Own)), "Consumer", "using Consumer;\n" + Code).Compile());
        Assert.Empty(Project.Consumer("using Consumer;\n" + Code, (File, Own)).Compile());
    }

    [Fact]
    public void Its_base_may_be_the_class_of_a_package() =>
        Assert.Contains("global::MmMamba.Models.MmMambaHybrid.Plan", Project.Consumer("", (File, Own)).Run().Sources["Own.g.cs"]);

    [Fact]
    public void A_family_of_a_package_is_extended_as_one_of_ones_own() => Assert.Contains("TailStacked", Project.Consumer("",
        (File, "mmmodel: 1\nablation: Own\nextends: TinyHybridStrategy\nof: TinyMmMambaHybrid\n")).Run().Sources["Own.g.cs"]);

    [Theory]
    [InlineData("to: [tail, head]", "to: [tail, haed]")]
    [InlineData("of: MmMambaHybrid", "of: MmMambaHybird")]
    [InlineData("reference: [Hovle]", "reference: [Hovel]")]
    public async Task A_mistake_is_the_only_error_of_code_that_uses_it(string right, string wrong)
    {
        var project = Project.Consumer("using Consumer;\n" + Code.Replace("Own.Tail.Plan", "Own.Control!.Plan"), (File, Own.Replace(right, wrong)));

        Assert.Single(await project.Analyze());
        Assert.Empty(project.Compile());
        Assert.Contains("A stub", project.Run().Sources["Own.g.cs"]);
    }

    [Fact]
    public async Task A_wrong_figure_is_reported_in_its_own_file()
    {
        var project = new Project(Specs.Files.Concat([
            KeyValuePair.Create(File, Own + "reported: own.yaml\n"), KeyValuePair.Create("own.yaml", "source: Own\nfigures: { Tial: { MME: 1 } }\n")]));

        var mistake = Assert.Single(await project.Analyze());
        Assert.Equal(("MMD115", "own.yaml", 1), (mistake.Id, mistake.Location.GetLineSpan().Path, mistake.Location.GetLineSpan().StartLinePosition.Line));
    }

    [Theory]
    [InlineData("\\u2028class Injected { } */")]
    [InlineData("\\\"; } class Injected { string s = \\\"")]
    public void Text_of_a_family_is_text(string text)
    {
        var own = Own.Replace("layers: mamba2,", $"layers: mamba2, summary: \"{text}\",") + $"summary: \"{text}\"\nreported: own.yaml\n";
        var project = Project.Consumer("", (File, own), ("own.yaml", $"source: \"{text}\"\nfigures: {{ Tail: {{ \"a\\\";b//\": 1 }} }}\n"));

        Assert.Empty(project.Compile());
        Assert.DoesNotContain("A stub", project.Run().Sources["Own.g.cs"]);
        Assert.DoesNotContain(project.Run().Sources["Own.g.cs"].Split('\n'), line => line.TrimStart().StartsWith("class Injected", StringComparison.Ordinal));
    }

    [Fact]
    public void A_table_of_the_paper_is_a_short_file() => Assert.All(
        new[] { "StageSubsets", "SeedStrategy", "AttentionLayers", "HybridStrategy" },
        family => Assert.InRange(Project.Shipped().Run().Sources[$"{family}.g.cs"].Split('\n').Length, 1, 260));
}
