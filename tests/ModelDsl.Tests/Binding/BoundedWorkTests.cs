using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Review;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Tests.Binding;

/// <summary>Files within the bounds that make as much work as a file can, and models as large as the bounds let them be.</summary>
public class BoundedWorkTests
{
    /// <summary>Bytes that binding may take of memory, whatever a file of 1 MB holds: a product of two of its counts would be far above.</summary>
    const long MostBytes = 2_000_000_000;

    static string Many(int count, Func<int, string> line) => string.Concat(Enumerable.Range(0, count).Select(line));

    public static TheoryData<string, string> Files => new()
    {
        { "unknown keys", Many(9_000, i => $"hidde{i}: 1\n") },
        { "unknown keys inside", $"attention: {{ {Many(9_000, i => $"hea{i}: 1, ")} }}" },
        { "strange towers in a placement", $"layers: {{ mamba2: rest, attention: {{ {Many(9_000, i => $"decode{i}: all, ")} }} }}" },
        { "many towers and strangers", $"towers: [ {Many(900, i => $"{{ decoder{Letters(i)}: 1 }}, ")} ]\nlayers: {{ mamba2: rest, attention: {{ {Many(6_000, i => $"decoder{Letters(i)}x: all, ")} }} }}" },
        { "many towers", $"towers: [ {Many(64, i => $"{{ decoder{Letters(i)}: 16 }}, ")} ]\noverrides: [ {Many(3_000, i => $"{{ where: decode{Letters(i)}, norm: {{ rms: 0.5 }} }}, ")} ]" },
        { "overrides that overlap", $"towers: [ {{ embedding: 24 }}, {{ decoder: 1000 }} ]\noverrides: [ {Many(3_000, i => "{ where: decoder, norm: { rms: 0.5 } }, ")} ]" },
        { "overrides of a layer each", $"towers: [ {{ embedding: 24 }}, {{ decoder: 1000 }} ]\noverrides: [ {Many(1_000, i => $"{{ where: \"decoder[{i}]\", norm: {{ rms: 0.{i + 1} }}, mlp: {{ swiglu: {i + 1} }} }}, ")} ]" },
        { "a long list of layers", $"towers: [ {{ embedding: 24 }}, {{ decoder: 1000 }} ]\noverrides: [ {{ where: \"layers[{Many(200_000, i => "0, ")}1]\", norm: {{ rms: 0.5 }} }} ]" },
        { "a list of layers again and again", $"layers: {{ mamba2: rest, attention: {{ at: [{Many(19_000, i => "0..5, ")}1] }} }}" },
        { "allowances", Many(20_000, i => $"# mmmodel: allow MMD081\n") + Many(9_000, i => $"hidde{i}: 1\n") },
        { "allowances of nothing", Many(35_000, i => $"# mmmodel: allow MMD081\n") },
        { "doubled keys", Many(9_000, i => "hidden: 96\n") },
        { "a long word", $"hidden: {new string('9', 900_000)}" },
        { "a long name", $"teacher: {new string('a', 900_000)}" },
        { "a long key", $"{new string('a', 900)}: 1" },
        { "long quotes", $"summary: \"{new string('\\', 900_000)}\"" },
        { "comments", Many(450_000, i => "#\n") },
        { "aliases of a long list", $"at: &a [{Many(150, i => "0, ")}]\nits: [{Many(100, i => "*a, ")}]" },
    };

    static string Letters(int i) => $"{(char)('a' + i % 26)}{(char)('a' + i / 26 % 26)}{(char)('a' + i / 676)}";

    [Theory, MemberData(nameof(Files))]
    public void It_ends_and_the_others_are_bound(string what, string lines)
    {
        var text = $"mmmodel: 1\nmodel: Variant\nextends: TinyHovle\n{lines}\n";
        Assert.True(text.Length < SpecReader.MaxBytes, what);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var bound = Tree.Bind([.. Tree.Shipped, new SpecFile("variant.mmmodel.yaml", text)]);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostBytes);
        Assert.DoesNotContain(bound.Take(Tree.Shipped.Count), spec => !spec.Holds);
        Assert.True(bound[^1].Diagnostics.Count > 0 || bound[^1].Model is not null);
    }

    const string Largest = """
        tokens: { vocab: 4194304, image: 4194303 }
        vision: { image: 4096, patch: 1, max_tiles: 256, pixel_shuffle: 1 }
        towers: [ { embedding: 512 }, { decoder: 512 } ]
        hidden: 65536
        mlp: { swiglu: 262144 }
        attention: { heads: 1024, kv_heads: 1024, head_dim: 1024, rope: { theta: 1.0e12, max_positions: 16777216, dynamic: 1000 } }
        """;

    const string LargestStudent = """
        layers: mamba2
        mamba2: { conv: 8, chunk: 8192, skip: on, qk_norm: on }
        teacher: Largest
        seed: mimic
        checkpoint: mmmamba
        distill:
          optimizer: { adamw: { betas: [0.999999999, 0.999999999], weight_decay: 1 } }
          clip: 1.0e6
          schedule: cosine
          stages:
            introduced: { train: [ssm], loss: { mixer_mse: 1.0e9 }, lr: 10, batch: 1048576, steps: 100000000 }
            mixer: { train: [ssm, query, key, value], loss: { mixer_mse: 1.0e9 }, lr: 10, batch: 1048576, steps: 100000000 }
            end_to_end: { train: [ssm, query, key, value, output], loss: { logits_kl: { temperature: 1000 } }, lr: 10, batch: 1048576, steps: 100000000 }
          run: [introduced, mixer, end_to_end]
        """;

    /// <summary>No count, cost or byte of the largest models that can be written overflows, in any rendering.</summary>
    [Fact]
    public void The_largest_models_have_costs()
    {
        var bound = Tree.BindAmongShipped(
            new SpecFile("largest.mmmodel.yaml", $"mmmodel: 1\nmodel: Largest\nextends: Hovle\n{Largest}\n"),
            new SpecFile("student.mmmodel.yaml", $"mmmodel: 1\nmodel: Student\nextends: Largest\n{LargestStudent}\n"));
        Assert.All(bound, spec => Assert.True(spec.Model is not null, string.Join("\n", spec.Diagnostics)));
        var teacher = Resolver.Resolve(bound[0].Model!);
        var student = Resolver.Resolve(bound[1].Model!, teacher);
        Assert.InRange(student.ParameterCount, teacher.ParameterCount, long.MaxValue);
        foreach (var model in new[] { teacher, student })
        {
            var costs = Costs.Of(model);
            Assert.InRange(costs.WeightBytes(4), 1, long.MaxValue);
            foreach (var tokens in new long[] { 0, 1, 1_073_741_824 }) Assert.InRange(costs.CacheBytes(tokens, 2), tokens == 0 && model == teacher ? 0 : 1, long.MaxValue);
            Assert.NotEmpty(Sheet.Render(model) + Sheet.Markdown(model) + DescribeJson.Render(model) + PlanJson.Render(model));
        }
        Assert.NotEmpty(TransferView.Text(student, teacher) + ModelText.Render(student, teacher));
        Assert.NotEmpty(Origins.Text(bound[1].Written.Single()));
    }
}
