using System.Globalization;
using System.Text;
using CsCheck;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Review;
using MmMamba.Tests;

namespace MmMamba.ModelDsl.Tests.Rendering;

/// <summary>What is printed of specs hangs on what they say: newlines, byte-order marks, the order of files, folders, slashes and cultures carry no meaning.</summary>
public class SameBytesTests
{
    /// <summary>The shipped specs, and some with all that could go wrong with letters, numbers, lines and names.</summary>
    static readonly SpecFile[] Files =
    [
        .. Tree.Shipped.Concat(Tree.Reports).Select(file => file with { Path = file.Path["models/".Length..] }),
        new("INI.mmmodel.yaml", """
            # mmmodel: allow MMD081
            mmmodel: 1
            model: INI
            extends: TinyMmMambaHybrid
            summary: >
              Iİıi, a folded text
              of two lines.
            hidden: 96 # mmmodel: allow MMD081
            mamba2: { chunk: ~, conv: 4 }
            seed: { mimic: { decay_log: -0.125 } }
            norm: { rms: 1.5e-7 }
            overrides: [ { where: "decoder[1]", attention: { rope: { theta: 12345.678 } } } ]
            budget: { max: { parameters: 1234.5, trainable: 12.5%, cache: { tokens: 100, size: 1 KiB } } }
            """),
        new("broken.mmmodel.yaml", "mmmodel: 1\nmodel: Broken\nextends: INI\nHIDDEN: 3\nnorm: { rms: -1.5 }\nmlp: { swiglu: 1000000 }\nseed: INHERIT\ntokens: { sistem: x }\n"),
        new("off.mmmodel.yaml", "mmmodel: 1\nmodel: Off\nextends: TinyHovl\nhidden: [1, 2\n"),
        // Named twice; which one is first must not hang on the slash.
        new("a/z.mmmodel.yaml", "mmmodel: 1\nmodel: Twice\nextends: TinyHovle\n"),
        new("a0.mmmodel.yaml", "mmmodel: 1\nmodel: Twice\nextends: TinyHovle\nsummary: The other.\n"),
    ];

    /// <summary>Everything that the language and the tool print of some specs, paths as their last part.</summary>
    static string Everything(IEnumerable<SpecFile> files)
    {
        var bound = Catalog.BindFiles(files);
        var models = ModelSet.Resolve(bound);
        var text = new StringBuilder();
        foreach (var spec in bound.OrderBy(spec => Path.GetFileName(spec.Path.Replace('\\', '/')), StringComparer.Ordinal))
        {
            var found = spec.Diagnostics.Select(diagnostic => diagnostic with { Path = Path.GetFileName(diagnostic.Path.Replace('\\', '/')) }).ToList();
            foreach (var diagnostic in found) text.Append(diagnostic).Append('\n');
            text.Append(DiagnosticsJson.Render(found.Count, 0, found));
            if (spec.Name is { } family && models.FindFamily(family) is { } members) text.Append(FamilySheet.Render(members)).Append(FamilySheet.Markdown(members)).Append(FamilyJson.Render(members))
                .Append(FamilyText.Render(members, member => member.Teacher is { } named ? models.Find(named) : null));
            foreach (var written in spec.Written) text.Append(Origins.Text(written)).Append(Origins.Json(written));
            if (spec.Model is null) continue;
            var model = models.Find(spec.Model.Name)!;
            var teacher = model.Teacher is { } name ? models.Find(name) : null;
            text.Append(Sheet.Render(model)).Append(Sheet.Markdown(model)).Append(DescribeJson.Render(model)).Append(PlanJson.Render(model))
                .Append(CanonicalSpec.Render(spec.Model)).Append(ModelText.Render(model, teacher));
            if (teacher is null) continue;
            text.Append(TransferView.Text(model, teacher, full: true)).Append(TransferView.Markdown(model, teacher)).Append(TransferView.Json(model, teacher));
            var linear = models.Find("TinyMmMambaLinear")!;
            var diff = ModelDiff.Of(ModelFacts.Of(linear, models.Find(linear.Teacher!)), ModelFacts.Of(model, teacher));
            text.Append(DiffView.Text(diff, "a", "b")).Append(DiffView.Markdown(diff, "a", "b")).Append(DiffJson.Render(diff, "a", "b"));
        }
        return text.Append(JsonSchema.Render()).Append(SpecReference.Render()).ToString();
    }

    static readonly string Expected = Everything(Files);

    static void AssertSame(IEnumerable<SpecFile> files) => Assert.Equal(Expected, Everything(files));

    static IEnumerable<SpecFile> Changed(Func<SpecFile, SpecFile> change) => Files.Select(change);

    [Fact]
    public void It_prints_models_and_mistakes()
    {
        foreach (var part in new[] { "INI", "error MMD020", "error MMD022", "error MMD125", "error MMD030", "did you mean `hidden`?", "-0.125", "0.00000015" })
            Assert.Contains(part, Expected);
        // The file of the lesser path is the model, and the other one is named twice.
        Assert.Contains("a0.mmmodel.yaml(2,8): error MMD030", Expected);
        Assert.DoesNotContain('\r', Expected);
    }

    [Theory, MemberData(nameof(Cultures.Names), MemberType = typeof(Cultures))]
    public void Under_any_culture(string culture) => Cultures.Under(culture, () => AssertSame(Files));

    [Fact]
    public void Cultures_of_this_host_are_unlike_the_invariant_one() => Cultures.Under("sv-SE", () => Assert.Equal("\u22121,5", (-1.5).ToString(CultureInfo.CurrentCulture)));

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public void With_other_newlines(string newline) => AssertSame(Changed(file => file with { Text = file.Text.Replace("\n", newline) }));

    [Fact]
    public void With_a_byte_order_mark() => AssertSame(Changed(file => file with { Text = "\uFEFF" + file.Text }));

    [Fact]
    public void In_any_order_of_files() => Gen.Shuffle(Files).Sample(AssertSame, iter: 2, threads: 1);

    [Theory]
    [InlineData("models/")]
    [InlineData("/home/someone/a checkout/models/")]
    [InlineData("/z/")]
    [InlineData(@"C:\src\models\")]
    [InlineData(@"\\host\share\")]
    public void In_any_folder(string folder) => AssertSame(Changed(file =>
        file with { Path = folder + (folder.Contains('\\') ? file.Path.Replace('/', '\\') : file.Path) }));
}
