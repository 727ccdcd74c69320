using System.Text;
using CsCheck;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using static MmMamba.ModelDsl.Tests.Generate;

namespace MmMamba.ModelDsl.Tests.Binding;

/// <summary>Whatever a file holds, it comes to a model or to diagnostics with places inside the file, and never to an exception.</summary>
public class RobustnessTests
{
    /// <summary>Every form of a family in one.</summary>
    static readonly SpecFile Family = new("tiny-family.mmmodel.yaml", """
        mmmodel: 1
        ablation: TinyFamily
        of: TinyMmMambaHybrid
        axes:
          from: { set: layers.attention.from, to: [tail, head] }
          run: { set: "distill.run", to: [{ None: [] }, { All3: [introduced, mixer, end_to_end] }] }
        variants:
          Linear: { layers: mamba2, distill: { run: [end_to_end] } }
        control: { from: head, run: All3 }
        reference: [TinyHovle]

        """);

    static readonly SpecFile[] Tiny = [Family, .. Tree.Shipped.Where(file => file.Path.Contains("tiny"))];

    static readonly ParsedSpec[] Parsed = [.. Tiny.Select(SpecParser.Parse)];

    /// <summary>Text that means something to YAML or to the language.</summary>
    static readonly string[] Snippets =
    [
        "[", "]", "{", "}", ":", ": ", "- ", "? ", ", ", "#", "&a ", "*a", "!", "!!str ", "|", ">", "'", "\"", "%", "~", "\n", "\n  ", "\t", "\r", "\0", "---\n", "...\n",
        "\u2028", "\uFEFF", "\uD800", "é", "<<: ", "null", "on", "off", "true", "-1", "0", "1e99", "1e-99", ".inf", ".nan", "99999999999999999999", "0.5", "10%", "200%",
        "8..11", "rest", "all", "none", "head", "tail", "attention", "mamba2", "layers: ", "towers: ", "extends: TinyHovle\n", "teacher: ", "seed: ", "{}", "[]", "{ a: b }",
        "set: ", "to: ", "axes: ", "control: ", "ablation: ", "layers.attention", ".", "count: 3", "every: 2", "at: [0]", "from: head", "pattern: stacked", "train: [ssm]", "embedding", "decoder", "skip: on", "mmmodel: 2", "model: X",
    ];

    static void Check(SpecFile file)
    {
        var parsed = SpecParser.Parse(file);
        var lines = file.Text.Replace("\r\n", "\n").Split('\n', '\r', '\u0085', '\u2028', '\u2029').Length;
        var bound = Catalog.Bind([.. Parsed.Where(other => other.Path != file.Path), parsed]);
        var own = bound[bound.Count - 1];
        foreach (var diagnostic in own.Diagnostics)
        {
            Assert.Equal(file.Path, diagnostic.Path);
            Assert.InRange(diagnostic.Span.StartLine, 1, lines);
            Assert.True(diagnostic.Span.StartColumn >= 1);
            Assert.DoesNotContain(diagnostic.Message, character => char.IsControl(character));
        }
        Assert.Equal(own.Diagnostics.All(diagnostic => diagnostic.Severity != Severity.Error), own.Holds);
        // What binds has a meaning.
        if (own.Model is { } model && model.Towers.Sum(tower => tower.Layers) <= 64)
            Resolver.Resolve(model, model.Teacher is { } teacher ? Resolver.Resolve(bound.Single(spec => spec.Model?.Name == teacher).Model!) : null);
    }

    public static TheoryData<string> Shipped => [.. Tree.Shipped.Select(file => file.Path)];

    [Theory, MemberData(nameof(Shipped))]
    public void Every_beginning_of_every_spec(string path)
    {
        var file = Tree.Shipped.Single(file => file.Path == path);
        for (var length = 0; length < file.Text.Length; length++)
        {
            var beginning = file with { Text = file.Text[..length] };
            var parsed = SpecParser.Parse(beginning);
            Assert.True(parsed.Root is not null || parsed.Diagnostics.Count > 0);
            if (length % 10 == 0) Check(beginning);
        }
    }

    /// <summary>Whatever a file breaks off with, the others mean what they meant.</summary>
    [Theory, MemberData(nameof(Shipped))]
    public void A_broken_file_leaves_the_others_as_they_are(string path)
    {
        var whole = Tree.Bind([.. Tree.Shipped]);
        var text = Tree.Shipped.Single(file => file.Path == path).Text;
        var needs = new HashSet<string>();
        for (var grown = -1; needs.Count > grown;)
        {
            grown = needs.Count;
            foreach (var spec in whole)
                if (spec.Path == path || (spec.Model is { } model && (needs.Contains(model.Extends ?? "") || needs.Contains(model.Teacher ?? "")))) needs.Add(spec.Name!);
        }
        foreach (var broken in new[] { "", text[..(text.Length / 2)], text + "hiden: [1, 2", "mmmodel: 1\nmodel: Zzz\n", "- x", "a: &a [*a]" })
        {
            var bound = Tree.Bind([.. Tree.Shipped.Select(file => file.Path == path ? file with { Text = broken } : file)]);
            Assert.Equal(
                whole.Where(spec => !needs.Contains(spec.Name!)).Select(spec => (spec.Name, spec.Model)),
                bound.Where(spec => spec.Path != path && spec.Name is { } name && !needs.Contains(name)).Select(spec => (spec.Name, spec.Model)));
        }
    }

    [Fact]
    public void Random_changes_to_specs() => Change(Tiny, 2_000);

    /// <summary>All shipped specs, thirty times as long as is run by the way.</summary>
    [Fact]
    [Trait("Category", "Long")]
    public void A_hundred_thousand_random_changes_to_specs() => Change([.. Tree.Shipped], 100_000);

    static void Change(SpecFile[] files, long times)
    {
        var edits = Gen.Select(Gen.Double[0, 1], Gen.Int[0, 12], OneOf(Snippets), Gen.Bool).Array[1, 4];
        Gen.Select(OneOf(files), edits).Sample((file, changes) =>
        {
            var text = new StringBuilder(file.Text);
            foreach (var (where, cut, snippet, insert) in changes)
            {
                var at = (int)(where * text.Length);
                text.Remove(at, Math.Min(cut, text.Length - at));
                if (insert) text.Insert(at, snippet);
            }
            Check(file with { Text = text.ToString() });
        }, iter: times, threads: Environment.ProcessorCount);
    }

    [Fact]
    public void Random_values_at_known_keys()
    {
        // Keeps the text YAML, so that the changes come as far as the binder.
        var edits = Gen.Select(Gen.Int[0, 1000], OneOf([.. Snippets.Where(snippet => snippet.Trim().Length > 1 && !snippet.Contains(':'))])).Array[1, 3];
        Gen.Select(OneOf(Tiny), edits).Sample((file, changes) =>
        {
            var words = file.Text.Split(' ');
            foreach (var (where, snippet) in changes)
            {
                var word = words[where % words.Length];
                if (!word.Contains(':') && !word.Contains('\n') && word.IndexOfAny(['{', '}', '[', ']']) < 0) words[where % words.Length] = word.EndsWith(',') ? snippet + "," : snippet;
            }
            Check(file with { Text = string.Join(' ', words) });
        }, iter: 1_000, threads: Environment.ProcessorCount);
    }

    [Fact]
    public void Random_characters() => Gen.Char.Array[0, 200].Sample(
        characters => Check(new SpecFile("noise.mmmodel.yaml", new string(characters))), iter: 1_000, threads: Environment.ProcessorCount);
}
