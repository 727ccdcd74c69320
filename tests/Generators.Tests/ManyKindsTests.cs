using System.Text.RegularExpressions;
using MmMamba.Generators.Tests.Harness;

namespace MmMamba.Generators.Tests;

/// <summary>A family of so many kinds of layers that no alphabet has letters for them.</summary>
public sealed partial class ManyKindsTests
{
    static readonly string Towers = "towers: [ { embedding: 512 }, { decoder: 512 } ]\n";

    static readonly string Teacher = "mmmodel: 1\nmodel: Tall\nextends: TinyHovle\n" + Towers;

    static readonly string Student = "mmmodel: 1\nmodel: TallStudent\nextends: TinyMmMambaLinear\nteacher: Tall\n" + Towers
        + "layers: { mamba2: rest, attention: { every: 2, from: head } }\noverrides:\n"
        + string.Concat(Enumerable.Range(0, 1024).Select(i => FormattableString.Invariant($"- {{ where: \"layers[{i}]\", norm: {{ rms: 0.1{i:D4} }} }}\n")));

    const string Family = "mmmodel: 1\nablation: Thetas\nof: TallStudent\naxes: { theta: { set: attention.rope.theta, to: [1, 2, 3, 4, 5] } }\n";

    [GeneratedRegex(@"new LayerKind\('(.+?)',")]
    private static partial Regex Kind();

    [Fact]
    public void Each_has_a_mark_of_its_own()
    {
        var source = new Project(Specs.Shipped.Concat(new Dictionary<string, string>
        {
            ["tall.mmmodel.yaml"] = Teacher, ["student.mmmodel.yaml"] = Student, ["thetas.mmmodel.yaml"] = Family,
        })).Run().Sources["Thetas.g.cs"];
        var marks = Kind().Matches(source).Select(kind => kind.Groups[1].Value).ToList();
        // Attention turns by the angle, so that each member has its own; Mamba-2 doesn't.
        Assert.InRange(marks.Count, 4 * 512 + 512, 4096);
        Assert.Equal(marks.Count, marks.Distinct().Count());
    }
}
