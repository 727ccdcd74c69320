using CsCheck;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Tests.Binding;

/// <summary>What is kept of files that didn't change is what would be made of them again.</summary>
public sealed class KeptTests
{
    /// <summary>Edits of a file: a text, and what it becomes. Some break it, some take a name away from others.</summary>
    static readonly (string Was, string Is)[] Edits =
    [
        ("hidden: 2048", "hidden: 1024"), ("count: 8", "count: 4"), ("count: 2", "count: 3"), ("layers:", "leyers:"), ("from: head", "from: tail"),
        ("model: Hovle\n", "model: Hovel\n"), ("model: MmMambaLinear\n", "model: MmMambaLinear2\n"), ("extends: MmMambaLinear\n", "extends: MmMambaLinaer\n"),
        ("teacher: Hovle\n", "teacher: TinyHovle\n"), ("seed: mimic", "seed: scratch"), ("mmmodel: 1\n", "mmmodel: 1\n# moved\n"), ("of: ", "of: No"),
        ("checkpoint: mmmamba", "checkpoint: mmmamba\nbudget: { max: { parameters: 1e6 } }"), ("steps: 20000", "steps: 10000"), ("ablation: ", "ablation: Of"),
        ("figures:", "figgures:"), ("heads: 16", "heads: 15"), ("heads: 6", "heads: 3"),
    ];

    [Fact]
    public void Edits_in_any_order_come_to_what_the_files_alone_come_to()
    {
        var files = Tree.Shipped.Concat(Tree.Reports).ToArray();
        Gen.Select(Gen.Int[0, files.Length - 1], Gen.Int[0, Edits.Length - 1]).Array[1, 12].Sample(edits =>
        {
            var texts = files.Select(file => file.Text).ToArray();
            var kept = files.Select(Parse).ToArray();
            foreach (var (file, edit) in edits)
            {
                var (was, now) = Edits[edit];
                texts[file] = texts[file].Contains(was, StringComparison.Ordinal) ? texts[file].Replace(was, now) : texts[file].Replace(now, was);
                kept[file] = Parse(files[file] with { Text = texts[file] });
                Assert.Equal(Bind([.. files.Zip(texts, (one, text) => Parse(one with { Text = text }))]), Bind(kept));
            }
        }, iter: 15);
    }

    [Fact]
    public void An_edit_leaves_the_others_the_objects_that_they_were()
    {
        var parsed = Tree.Shipped.Concat(Tree.Reports).Select(Parse).ToArray();
        var before = ModelSet.Resolve(Bind(parsed));
        var at = Array.FindIndex(parsed, file => file is ParsedSpec { Name: "TinyMmMambaHybrid" });
        parsed[at] = Parse(new(Tree.Shipped[at].Path, Tree.Shipped[at].Text.Replace("count: 2", "count: 3")));
        var after = ModelSet.Resolve(Bind(parsed));

        Assert.Equal(["TinyMmMambaHybrid"], after.Models.Where(model => !ReferenceEquals(model, before.Find(model.Name))).Select(model => model.Name));
        // Its own families, and those that name it beside their members.
        Assert.Equal(after.Families.Where(family => family.Of.Name == "TinyMmMambaHybrid" || family.References.Any(model => model.Name == "TinyMmMambaHybrid")).Select(family => family.Name),
            after.Families.Where(family => !ReferenceEquals(family, before.FindFamily(family.Name))).Select(family => family.Name));
    }

    static object Parse(SpecFile file) => SpecParser.IsSpec(file.Path) ? SpecParser.Parse(file) : ParsedReport.Parse(file);

    static EquatableArray<BoundSpec> Bind(object[] parsed) => Catalog.Bind([.. parsed.OfType<ParsedSpec>()], [.. parsed.OfType<ParsedReport>()]);
}
