using System.Globalization;
using MmMamba.Generators.Tests.Harness;

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
    public void Another_order_of_files() => AssertSame(Specs.Files.Reverse());

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
    [InlineData(",", ".", "−")]
    [InlineData("٫", "٬", "~")]
    public void A_culture_with_other_numbers(string point, string group, string minus)
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NumberDecimalSeparator = point;
        culture.NumberFormat.NumberGroupSeparator = group;
        culture.NumberFormat.NegativeSign = minus;
        var before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = culture;
        try
        {
            AssertSame(Specs.Files);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    static IEnumerable<KeyValuePair<string, string>> Changed(Func<string, string> change) =>
        Specs.Files.Select(spec => KeyValuePair.Create(spec.Key, change(spec.Value)));
}
