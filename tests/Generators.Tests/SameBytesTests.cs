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
    public void Another_order_of_files() => AssertSame(Specs.Shipped.Reverse());

    [Fact]
    public void Other_folders() =>
        AssertSame(Specs.Shipped.Select((spec, i) => KeyValuePair.Create($"/elsewhere/{(char)('z' - i)}/{spec.Key}", spec.Value)));

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
            AssertSame(Specs.Shipped);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    static IEnumerable<KeyValuePair<string, string>> Changed(Func<string, string> change) =>
        Specs.Shipped.Select(spec => KeyValuePair.Create(spec.Key, change(spec.Value)));
}
