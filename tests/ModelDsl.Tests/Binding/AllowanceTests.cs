using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Tests.Binding;

/// <summary>Comments that let a doubt stand.</summary>
public class AllowanceTests
{
    // Line 4 on: a hint (MMD081) at `hidden`.
    static string[] Found(string lines) => [.. Tree.Diagnose("TinyHovle", lines).Select(found => $"{found.Span.StartLine},{found.Span.StartColumn} {found.Id}")];

    [Fact]
    public void The_doubt_is_there_without_one() => Assert.Equal(["4,9 MMD081"], Found("hidden: 96"));

    [Theory]
    [InlineData("hidden: 96 # mmmodel: allow MMD081")]
    [InlineData("hidden: 96 # mmmodel: allow MMD081 the paper's own width")]
    [InlineData("hidden: 96 #mmmodel: allow MMD081, as it is")]
    [InlineData("# mmmodel: allow MMD081\nhidden: 96")]
    [InlineData("# mmmodel: allow MMD081 - why\n\n   # another word\nhidden: 96")]
    [InlineData("attention: { heads: 6, # mmmodel: allow MMD081\n  kv_heads: 3 # mmmodel: allow MMD081\n  }")]
    public void It_stands_at_the_end_of_the_line_or_alone_above(string lines) => Assert.Empty(Found(lines));

    [Fact]
    public void It_may_name_several()
    {
        Assert.Equal(["4,11 MMD080", "4,28 MMD028"], Found("mamba2: { chunk: 64, conv: ~ }"));
        Assert.Empty(Found("mamba2: { chunk: 64, conv: ~ } # mmmodel: allow MMD080, MMD028"));
    }

    [Theory]
    [InlineData("hidden: 96\n# mmmodel: allow MMD081\nsummary: s", "4,9 MMD081|5,18 MMD131")]
    [InlineData("# mmmodel: allow MMD081\nsummary: s\nhidden: 96", "4,18 MMD131|6,9 MMD081")]
    [InlineData("hidden: 96 # mmmodel: allow MMD080", "4,9 MMD081|4,29 MMD131")]
    [InlineData("summary: s # mmmodel: allow MMD081 MMD080", "4,29 MMD131|4,36 MMD131")]
    public void One_that_nothing_needs_is_said(string lines, string expected) => Assert.Equal(expected.Split('|'), Found(lines));

    [Theory]
    [InlineData("summary: s # mmmodel: allow MMD08", "4,29 MMD130")]
    [InlineData("summary: s # mmmodel: allow", "4,23 MMD130")]
    [InlineData("summary: s # mmmodel: allow because", "4,23 MMD130")]
    [InlineData("summary: s # mmmodel: alow MMD081", "4,23 MMD130")]
    [InlineData("summary: s # mmmodel: allow MMD020", "4,29 MMD132")]
    public void One_that_can_be_none_is_said(string lines, string expected) => Assert.Equal([expected], Found(lines));

    [Theory]
    [InlineData("# mmmodel: 1")]
    [InlineData("# a mmmodel: allow MMD081")]
    [InlineData("summary: \"# mmmodel: allow MMD081\"")]
    [InlineData("summary: 'x # mmmodel: allow MMD081'")]
    [InlineData("summary: |\n  text\n  # mmmodel: allow MMD081")]
    [InlineData("summary: text#mmmodel: allow MMD081")]
    public void What_is_no_comment_of_the_kind_allows_nothing(string lines) =>
        Assert.DoesNotContain(Tree.Diagnose("TinyHovle", lines + "\nhidden: 96"), found => found.Id is "MMD130" or "MMD131" or "MMD132");

    [Fact]
    public void Errors_stay() => Assert.Equal(["4,1 MMD020", "4,28 MMD132"], Found("hiden: 96 # mmmodel: allow MMD020"));

    [Fact]
    public void In_a_file_with_errors_nothing_is_said_of_unused_ones() =>
        Assert.Equal(["4,1 MMD020"], Found("hiden: 96 # mmmodel: allow MMD081"));

    [Fact]
    public void Line_breaks_of_every_kind_count_alike()
    {
        foreach (var newline in new[] { "\n", "\r\n", "\r" })
            Assert.Equal([(3, 1, 4), (4, 6, 4)], Comments.Of($"a: 1{newline}{newline}# one{newline}b: 2 # two{newline}").Select(comment => (comment.Span.StartLine, comment.Span.StartColumn, comment.Line)));
    }
}
