using System.Text;
using CsCheck;
using MmMamba.Runtime.Text;
using MmMamba.Runtime.Text.Tiny;

namespace MmMamba.Runtime.Tests.Text;

public class ChatTokenizerTests
{
    static readonly ChatTokenizer Tokenizer = TinyTokenizer.Load();

    static readonly string[] Words = ["cat", "dog", " is", "there", "row", "  ", "\n", "?", "answer", "moon", "aaa", "....", "<s>", "</s>", "<0x41>", "<|im_end|>", "<image>", "▁", "é", "图", "🚂"];

    // Every kind of text: words of the corpus, ASCII noise, runs of one character, names of tokens, any Unicode scalar.
    static readonly Gen<string> Texts = Gen.OneOf(
        Gen.Int[0, Words.Length - 1].Select(i => Words[i]),
        Gen.Int[0, 6].Select(i => " aneost"[i]).Array[0, 12].Select(c => new string(c)),
        Gen.Char[' ', '~'].Array[0, 6].Select(c => new string(c)),
        Gen.Select(Gen.Char['a', 'z'], Gen.Int[1, 9], (c, n) => new string(c, n)),
        Gen.OneOf(Gen.Int[0, 0xD7FF], Gen.Int[0xE000, 0x10FFFF]).Array[0, 4].Select(c => string.Concat(c.Select(i => new Rune(i))))
    ).Array[0, 12].Select(string.Concat);

    [Fact]
    public void Text_survives_the_round_trip() =>
        Texts.Sample(text => Tokenizer.Decode(Tokenizer.Encode(text)) == text, iter: 3000);

    [Fact]
    public void Text_never_becomes_a_special_token() =>
        Texts.Sample(text => Tokenizer.Encode(text).All(id => id > 2 && id < Tokenizer.EndOfTurn), iter: 3000);

    [Fact]
    public void Ids_are_those_of_SentencePiece()
    {
        var naive = new NaiveSentencePiece(TinyTokenizer.Train());
        Texts.Select(text => text.Replace('▁', '_')).Sample(text => Assert.Equal(naive.Encode(text), Tokenizer.Encode(text)), iter: 3000);
    }
}
