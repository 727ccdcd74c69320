using System.Globalization;
using CsCheck;
using MmMamba.Generators.Tests.Harness;
using MmMamba.Tests;

namespace MmMamba.Generators.Tests;

/// <summary>Newlines, byte-order marks, the order of files, folders and cultures carry no meaning.</summary>
public sealed class SameBytesTests
{
    static readonly IReadOnlyDictionary<string, string> Expected = Project.Shipped().Run().Sources;

    static void AssertSame(IEnumerable<KeyValuePair<string, string>> specs) => Assert.Equal(Expected, new Project(specs).Run().Sources);

    [Fact]
    public void Windows_newlines() => AssertSame(Changed(text => text.Replace("\n", "\r\n")));

    [Fact]
    public void A_byte_order_mark() => AssertSame(Changed(text => "\uFEFF" + text));

    [Fact]
    public void Other_folders() =>
        AssertSame(Specs.Shipped.SelectMany((spec, i) => InFolder($"/elsewhere/{(char)('z' - i)}/", '/', spec)));

    [Fact]
    public void The_other_slash() =>
        AssertSame(Specs.Shipped.SelectMany((spec, i) => InFolder($@"C:\elsewhere\{(char)('z' - i)}\", '\\', spec)));

    // A file of figures stands beside the family that names it.
    static IEnumerable<KeyValuePair<string, string>> InFolder(string folder, char slash, KeyValuePair<string, string> spec) =>
        Specs.Files.Where(file => file.Key == spec.Key || spec.Value.Contains($"reported: {file.Key}"))
            .Select(file => KeyValuePair.Create(folder + file.Key.Replace('/', slash), file.Value));

    [Theory]
    [InlineData("/one/checkout/models/")]
    [InlineData("/another place/")]
    [InlineData(@"C:\src\models\")]
    public void Another_checkout(string folder) => AssertSame(Specs.Files.Select(spec =>
        KeyValuePair.Create(folder + (folder.Contains('\\') ? spec.Key.Replace('/', '\\') : spec.Key), spec.Value)));

    [Theory, MemberData(nameof(Cultures.Names), MemberType = typeof(Cultures))]
    public void Another_culture(string culture) => Cultures.Under(culture, () => AssertSame(Specs.Files));

    /// <summary>What a build reports of broken specs, too, stands at the same lines in the same words.</summary>
    [Theory, MemberData(nameof(Cultures.Names), MemberType = typeof(Cultures))]
    public async Task Mistakes_under_another_culture(string culture)
    {
        (string, string)[] broken =
        [
            ("i.mmmodel.yaml", "mmmodel: 1\nmodel: INI\nextends: TinyHovle\nHIDDEN: 3\nnorm: { rms: -1.5 }\n"),
            ("x.mmmodel.yaml", "mmmodel: 1\nmodel: Over\nextends: TinyHovle\nbudget: { max: { parameters: 1234.5 } }\n"),
        ];
        var expected = (await Project.Shipped(broken).Analyze()).Select(Line).ToList();
        Assert.Equal(3, expected.Count);
        var found = new List<string>();
        Cultures.Under(culture, () => found.AddRange(Project.Shipped(broken).Analyze().GetAwaiter().GetResult().Select(Line)));
        Assert.Equal(expected, found);

        static string Line(Microsoft.CodeAnalysis.Diagnostic diagnostic) => diagnostic.Location.GetLineSpan() + diagnostic.GetMessage(CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Any_order_of_files() => Gen.Shuffle(Specs.Files.ToArray()).Sample(specs => AssertSame(specs), iter: 5, threads: 1);

    static IEnumerable<KeyValuePair<string, string>> Changed(Func<string, string> change) =>
        Specs.Files.Select(spec => KeyValuePair.Create(spec.Key, change(spec.Value)));
}
