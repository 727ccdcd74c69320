using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Tests.Binding;

/// <summary>Each row of the table, tripped alone by its own example, at the place that the example marks.</summary>
public class DiagnosticsTests
{
    public static TheoryData<string> WithExample => new(Diagnostics.All.Where(rule => rule.Example is not null).Select(rule => rule.Id));

    /// <summary>Mistakes of size, or ones that need a second mistake elsewhere: the spec that has them, the culprit marked.</summary>
    static readonly Dictionary<string, string> Made = new()
    {
        ["MMD002"] = "«»mmmodel: 1\nmodel: Large\nextends: TinyHovle\n#" + new string('x', SpecReader.MaxBytes),
        ["MMD003"] = "mmmodel: 1\nmodel: Deep\nextends: TinyHovle\nsummary: " + new string('[', SpecReader.MaxDepth - 1) + "«[»" + new string(']', SpecReader.MaxDepth),
        ["MMD011"] = "mmmodel: 1\nmodel: Many\nextends: TinyHovle\nat:\n" + string.Concat(Enumerable.Repeat("- 0\n", SpecReader.MaxNodes - 9)) + "- «0»",
        ["MMD033"] = "mmmodel: 1\nmodel: Upper\nextends: «Lower»\n# file: lower.mmmodel.yaml\nmmmodel: 1\nmodel: Lower\nextends: TinyHovle\nhiden: 3",
        ["MMD035"] = "mmmodel: 1\nmodel: Pupil\nextends: TinyMmMambaLinear\nteacher: «Master»\n# file: master.mmmodel.yaml\nmmmodel: 1\nmodel: Master\nextends: TinyHovle\nhiden: 3",
        ["MMD113"] = "mmmodel: 1\nablation: Placements\nof: TinyMmMambaHybrid\nvariants: { None: { layers: mamba2 } }\nreference: [«Master»]\n# file: master.mmmodel.yaml\nmmmodel: 1\nmodel: Master\nextends: TinyHovle\nhiden: 3",
        ["MMD116"] = "mmmodel: 1\nablation: Wide\nof: Low\naxes: { «theta»: { set: attention.rope.theta, to: [1, 2, 3, 4, 5] } }\n# file: low.mmmodel.yaml\n"
            + "mmmodel: 1\nmodel: Low\nextends: TinyHovle\ntowers: [ { embedding: 512 }, { decoder: 512 } ]\noverrides:\n"
            + string.Concat(Enumerable.Range(0, 1024).Select(i => FormattableString.Invariant($"- {{ where: \"layers[{i}]\", norm: {{ rms: 0.1{i:D4} }} }}\n"))),
    };

    [Fact]
    public void Every_rule_has_an_example()
    {
        foreach (var rule in Diagnostics.All) Assert.True((rule.Example is null) == Made.ContainsKey(rule.Id), rule.Id);
    }

    [Fact]
    public void Ids_are_unique_and_in_order()
    {
        var ids = Diagnostics.All.Select(rule => rule.Id).ToList();
        Assert.Equal(ids.Distinct().OrderBy(id => id, StringComparer.Ordinal), ids);
        Assert.All(ids, id => Assert.Matches("^MMD[0-9]{3}$", id));
    }

    [Theory]
    [MemberData(nameof(WithExample))]
    [InlineData("MMD002")]
    [InlineData("MMD003")]
    [InlineData("MMD011")]
    [InlineData("MMD033")]
    [InlineData("MMD035")]
    [InlineData("MMD113")]
    [InlineData("MMD116")]
    public void Example_trips_its_rule_alone_where_it_says(string id)
    {
        var rule = Diagnostics.All.Single(rule => rule.Id == id);
        var (files, markedFile, span) = Marked(rule.Example ?? Made[id]);

        var bound = Tree.BindAmongShipped(files);

        // A file of figures speaks through the family that names it.
        var culprit = SpecParser.IsSpec(files[markedFile].Path) ? bound[markedFile] : bound[0];
        var found = Assert.Single(culprit.Diagnostics);
        Assert.Equal((rule.Id, rule.Severity, files[markedFile].Path), (found.Id, found.Severity, found.Path));
        Assert.Equal(span, found.Span);
        Assert.DoesNotContain('\n', found.Message);
        Assert.DoesNotMatch(@"\{\d\}", found.Message);
        // A model over its budget is a whole model.
        Assert.Equal(rule.Severity != Severity.Error || rule == Diagnostics.OverBudget, culprit.Holds);
        // What stands beside it is whole, unless it is there to be broken.
        if (rule.Example is not null) Assert.All(bound.Where(other => other != culprit), other => Assert.True(other.Holds));
    }

    static (SpecFile[] Files, int Marked, Span Span) Marked(string example)
    {
        var files = new List<SpecFile>();
        var (marked, span) = (-1, default(Span));
        foreach (var (name, text) in ExampleFiles.Split(example))
        {
            var lines = text.Split('\n');
            for (var i = 0; i < lines.Length; i++)
            {
                var (start, end) = (lines[i].IndexOf('«'), lines[i].IndexOf('»'));
                if (start >= 0) (marked, span) = (files.Count, new Span(i + 1, start + 1, i + 1, end));
            }
            files.Add(new SpecFile(name, ExampleFiles.Unmarked(text)));
        }
        Assert.True(marked >= 0, "the example marks no place");
        return ([.. files], marked, span);
    }
}
