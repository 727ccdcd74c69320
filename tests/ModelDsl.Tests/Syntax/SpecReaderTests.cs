using System.Globalization;
using System.Text;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Tests.Syntax;

public class SpecReaderTests
{
    static MappingNode Read(string text)
    {
        var (root, _, problems) = SpecReader.Read("a.yaml", text);
        Assert.Empty(problems);
        return root!;
    }

    static Diagnostic Refused(string text)
    {
        var (root, _, problems) = SpecReader.Read("a.yaml", text);
        Assert.Null(root);
        return Assert.Single(problems);
    }

    [Fact]
    public void Every_node_knows_where_it_stands()
    {
        var root = Read("a: 1\nbc:\n  d: [x, 'yz']\n  e: { f: 8 }\n");
        Assert.Equal(new Span(1, 1, 4, 12), root.Span);
        Assert.Equal(new Span(1, 4, 1, 5), root.Get("a")!.Span);
        Assert.Equal(new Span(2, 1, 2, 3), root.Find("bc")!.Key.Span);
        var inner = (MappingNode)root.Get("bc")!;
        Assert.Equal(new Span(3, 3, 4, 12), inner.Span);
        var list = (SequenceNode)inner.Get("d")!;
        Assert.Equal(new Span(3, 6, 3, 14), list.Span);
        Assert.Equal(new Span(3, 10, 3, 14), list.Items[1].Span);
        Assert.Equal(new Span(4, 11, 4, 12), ((MappingNode)inner.Get("e")!).Get("f")!.Span);
    }

    [Fact]
    public void Line_endings_and_a_byte_order_mark_move_nothing()
    {
        const string Text = "a: 1\nb:\n  c: [2, 3]\n";
        Assert.Equal(Read(Text), Read(Text.Replace("\n", "\r\n")));
        Assert.Equal(Read(Text), Read("\uFEFF" + Text));
    }

    [Fact]
    public void Equal_texts_give_equal_nodes_and_a_moved_line_another()
    {
        Assert.Equal(Read("a: [1, { b: x }]"), Read("a: [1, { b: x }]"));
        Assert.Equal(Read("a: [1, { b: x }]").GetHashCode(), Read("a: [1, { b: x }]").GetHashCode());
        Assert.NotEqual(Read("a: [1, { b: x }]"), Read("\na: [1, { b: x }]"));
    }

    [Fact]
    public void Quoted_and_block_scalars_are_text() =>
        Assert.All(Read("a: \"1\"\nb: 'true'\nc: |\n  5\nd: \"\"\ne: '~'").Entries, entry => Assert.Equal(ScalarKind.Text, ((ScalarNode)entry.Value).Kind));

    [Theory]
    [InlineData("[1, 2", "MMD001", 1, 6)]
    [InlineData("a: [1, 2\n\n\n", "MMD001", 1, 9)]
    [InlineData("a: 'open", "MMD001", 1, 4)]
    [InlineData("{ a", "MMD001", 1, 4)]
    [InlineData("a: b: c", "MMD001", 1, 5)]
    [InlineData("a:\n\t- b", "MMD001", 2, 1)]
    [InlineData("", "MMD009", 1, 1)]
    [InlineData("# only a comment\n", "MMD009", 1, 1)]
    [InlineData("text", "MMD009", 1, 1)]
    [InlineData("a: 1\n---\nb: 1", "MMD008", 2, 1)]
    [InlineData("a: 1\n...\n---\nb: 1", "MMD008", 3, 1)]
    [InlineData("%TAG !x! tag:example.org:\n---\na: 1", "MMD004", 1, 1)]
    [InlineData("a: ! b", "MMD004", 1, 4)]
    [InlineData("!!map { a: 1 }", "MMD004", 1, 1)]
    [InlineData("a: !!python/object:os.system x", "MMD004", 1, 4)]
    [InlineData("? { a: 1 }\n: 2", "MMD007", 1, 3)]
    [InlineData("&x a: 1\n*x : 2", "MMD007", 2, 1)]
    [InlineData("a: *nowhere", "MMD005", 1, 4)]
    [InlineData("a: &me [*me]", "MMD005", 1, 9)]
    public void A_text_that_is_no_spec_is_refused_where_it_goes_wrong(string text, string id, int line, int column)
    {
        var refused = Refused(text);
        Assert.Equal((id, line, column), (refused.Id, refused.Span.StartLine, refused.Span.StartColumn));
    }

    [Fact]
    public void Doubled_keys_are_all_named_and_the_first_ones_kept()
    {
        var (root, _, problems) = SpecReader.Read("a.yaml", "a: 1\na: 2\nb: { c: 1, c: 2 }");
        Assert.Equal(["MMD006", "MMD006"], problems.Select(problem => problem.Id));
        Assert.Equal("1", ((ScalarNode)root!.Get("a")!).Text);
    }

    [Fact]
    public void Aliases_stand_for_their_anchors_within_bounds()
    {
        Assert.Equal(["x", "x"], ((SequenceNode)Read("a: [&t x, *t]").Get("a")!).Items.Select(item => ((ScalarNode)item).Text));

        var many = $"t: &t x\na: [{string.Join(", ", Enumerable.Repeat("*t", SpecReader.MaxAliases))}]";
        Assert.NotNull(Read(many));
        Assert.Equal("MMD005", Refused(many.Replace("]", ", *t]")).Id);
    }

    [Fact]
    public void Alias_bombs_are_refused_before_they_grow()
    {
        // Nine levels of nine: 9^9 leaves from 81 aliases.
        var bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 10; i++) bomb.Append(CultureInfo.InvariantCulture, $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))}]\n");
        Assert.Equal("MMD011", Refused(bomb.ToString()).Id);

        // Depth that only expansion gives.
        var tower = new StringBuilder("a0: &a0 [x]\n");
        for (var i = 1; i < 90; i++) tower.Append(CultureInfo.InvariantCulture, $"a{i}: &a{i} [*a{i - 1}]\n");
        Assert.Equal("MMD003", Refused(tower.ToString()).Id);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    [InlineData("? ")]
    public void Nesting_without_end_is_refused_early(string level) =>
        Assert.Contains(Refused("a:\n  " + string.Concat(Enumerable.Repeat(level, 100_000))).Id, new[] { "MMD003", "MMD007" });

    [Fact]
    public void The_size_is_counted_in_bytes()
    {
        var room = SpecReader.MaxBytes - "a: 1\n#".Length;
        Assert.NotNull(Read("a: 1\n#" + new string('x', room)));
        Assert.Equal("MMD002", Refused("a: 1\n#" + new string('x', room + 1)).Id);
        Assert.Equal("MMD002", Refused("a: 1\n#" + new string('é', room / 2 + 1)).Id);
    }
}
