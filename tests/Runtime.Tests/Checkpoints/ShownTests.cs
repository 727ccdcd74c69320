using MmMamba.Runtime.Checkpoints;

namespace MmMamba.Runtime.Tests.Checkpoints;

/// <summary>Names out of files steer nobody's terminal.</summary>
public sealed class ShownTests
{
    [Theory]
    [InlineData("a b", "'a b'")]
    [InlineData("a\nb\u001b[31m", @"'a\u000ab\u001b[31m'")]
    [InlineData("a\u2028b\u202egnp.exe", @"'a\u2028b\u202egnp.exe'")]
    [InlineData("\u2066x\u2069", @"'\u2066x\u2069'")]
    [InlineData("\U0001F600", "'\U0001F600'")]
    public void What_would_steer_is_escaped(string text, string shown)
    {
        Assert.Equal(shown, Shown.Text(text));
        Assert.Equal(shown[1..^1], Shown.Line(text));
    }

    [Fact]
    public void What_is_long_is_cut() => Assert.Equal($"'{new string('x', 120)}...'", Shown.Text(new('x', 5000)));
}
