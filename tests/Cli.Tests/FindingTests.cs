using MmMamba.Cli.Verification;

namespace MmMamba.Cli.Tests;

/// <summary>What counts as the same on two cards: facts exactly, numbers within rounding, tokens where rounding may choose another.</summary>
public sealed class FindingTests
{
    const double Tolerance = 1e-2;

    static Verdict Compared(Finding mine, Finding theirs)
    {
        var verdict = mine.With(theirs, Tolerance).Verdict;
        Assert.Equal(verdict, theirs.With(mine, Tolerance).Verdict);
        return verdict;
    }

    [Fact]
    public void Facts_are_the_same_or_not()
    {
        Assert.Equal(Verdict.Same, Compared(new Fact("x", "a"), new Fact("x", "a")));
        Assert.Equal(Verdict.Differs, Compared(new Fact("x", "a"), new Fact("x", "b")));
        Assert.Equal(Verdict.NotCompared, Compared(new Bits("x", "a"), new Bits("x", "b")));
        Assert.Equal(Verdict.Same, Compared(new Bits("x", "a"), new Bits("x", "a")));
        Assert.Equal(Verdict.Differs, Compared(new Fact("x", "a"), new Bits("x", "a")));
    }

    [Theory]
    [InlineData(3.0, true)]
    [InlineData(3.09, true)]
    [InlineData(3.11, false)]
    [InlineData(double.NaN, false)]
    public void Numbers_are_the_same_within_the_tolerance_of_the_greatest(double other, bool same)
    {
        Assert.Equal(same ? Verdict.Same : Verdict.Differs, Compared(new Numbers("x", [1, 3], 9), new Numbers("x", [1, other], 9)));
        Assert.Equal(Verdict.Differs, Compared(new Numbers("x", [1, 3], 9), new Numbers("x", [1], 9)));
    }

    [Fact]
    public void Of_the_most_likely_tokens_those_may_change_places_that_are_as_likely()
    {
        LikelyTokens Of(params LikelyToken[] tokens) => new("x", tokens, 10);
        Assert.Equal(Verdict.Same, Compared(Of(new(1, 9), new(2, 8), new(3, 7)), Of(new(1, 9), new(2, 8), new(3, 7))));
        Assert.Equal(Verdict.Same, Compared(Of(new(1, 9), new(2, 8.05), new(3, 8)), Of(new(1, 9), new(3, 8.04), new(2, 8))));
        Assert.Equal(Verdict.Same, Compared(Of(new(1, 9), new(2, 8), new(3, 7.05)), Of(new(1, 9), new(2, 8), new(4, 7.02))));
        Assert.Equal(Verdict.Differs, Compared(Of(new(1, 9), new(2, 8), new(3, 7.5)), Of(new(1, 9), new(2, 8), new(4, 7.2))));
        Assert.Equal(Verdict.Differs, Compared(Of(new(1, 9), new(2, 8)), Of(new(1, 9), new(2, 8.2))));
        Assert.Equal(Verdict.Differs, Compared(Of(new(1, 9), new(2, 8)), Of(new(2, 9), new(1, 8))));
    }

    [Fact]
    public void A_written_token_may_be_another_where_two_are_as_likely()
    {
        WrittenTokens Of(params WrittenToken[] tokens) => new("x", tokens, 10);
        Assert.Equal(Verdict.Same, Compared(Of(new(1, 5), new(2, 3)), Of(new(1, 4), new(2, 3))));
        Assert.Equal(Verdict.Same, Compared(Of(new(1, 5), new(2, 0.1), new(3, 5)), Of(new(1, 5), new(7, 0.15), new(8, 5))));
        Assert.Equal(Verdict.Differs, Compared(Of(new(1, 5), new(2, 3)), Of(new(1, 5), new(7, 3))));
        Assert.Equal(Verdict.Differs, Compared(Of(new(1, 5), new(2, 3)), Of(new WrittenToken(1, 5))));
    }

    [Fact]
    public void A_card_of_somebody_else_steers_no_terminal()
    {
        CardCheck Check(string value) => new(CheckNames.Model, Outcome.Passed, "", "", null, 0, [new Fact("finger\u001b[31mprint", value)]);
        Card Of(string value) => new(1, "a", "M", 1, "", new("float32", "cpu", 1, "read"), new Dictionary<string, string>(), new Dictionary<string, string>(), [Check(value)], null);
        var card = Of("x") with { Against = CardComparison.Compare(Of("x"), Of("\u001b[2J\u202e"), "b\u001b.json") };
        Assert.False(card.Passed);
        Assert.DoesNotContain(CardDocument.Text(card) + CardDocument.Markdown(card), letter => letter is '\u001b' or '\u202e');
    }
}
