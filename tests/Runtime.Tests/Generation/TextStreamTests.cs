using CsCheck;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Text;
using MmMamba.Runtime.Text.Tiny;

namespace MmMamba.Runtime.Tests.Generation;

/// <summary>Text that comes token by token is the text of all tokens, up to a stop text, and no piece of it is taken back.</summary>
public class TextStreamTests
{
    static readonly ChatTokenizer Tokenizer = TinyTokenizer.Load();

    static (string Text, List<string> Pieces, bool Stopped) Streamed(IEnumerable<int> ids, params string[] stops)
    {
        var pieces = new List<string>();
        var stream = new TextStream(Tokenizer, stops, pieces.Add);
        foreach (var id in ids)
            if (!stream.Add(id)) break;
        stream.End();
        Assert.Equal(stream.Text, string.Concat(pieces));
        Assert.DoesNotContain("", pieces);
        return (stream.Text, pieces, stream.Stopped);
    }

    [Fact]
    public void Any_ids_give_the_text_of_all_at_once() =>
        Gen.Int[0, TinyTokenizer.Vocabulary - 1].Array[0, 40].Sample(ids => Streamed(ids).Text == Tokenizer.Decode(ids), iter: 2000);

    [Fact]
    public void Characters_come_whole()
    {
        const string Text = "naïve 🐎 猫";
        var (text, pieces, _) = Streamed(Tokenizer.Encode(Text));
        Assert.Equal(Text, text);
        Assert.All(pieces, piece => Assert.DoesNotContain('\uFFFD', piece));
        Assert.Contains("🐎", pieces);
    }

    [Fact]
    public void A_stop_text_ends_it_wherever_tokens_cut_it() =>
        Gen.Select(Gen.Char["ab. "].Array[0, 30], Gen.Char["ab. "].Array[1, 4]).Sample((characters, stop) =>
        {
            var (all, end) = (new string(characters), new string(stop));
            var at = all.IndexOf(end, StringComparison.Ordinal);
            var (text, _, stopped) = Streamed(Tokenizer.Encode(all), end);
            return stopped == (at >= 0) && text == (at >= 0 ? all[..at] : all);
        }, iter: 2000);

    [Fact]
    public void What_may_become_a_stop_text_waits()
    {
        var stream = new TextStream(Tokenizer, ["two four", ""], null);
        foreach (var id in Tokenizer.Encode("one two")) Assert.True(stream.Add(id));
        Assert.Equal("one ", stream.Text);
        foreach (var id in Tokenizer.Encode(" three")) Assert.True(stream.Add(id));
        Assert.Equal("one two three", stream.Text);
    }
}
