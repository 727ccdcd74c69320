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
        var naive = new NaiveSentencePiece(TinyTokenizer.Model());
        Texts.Select(text => text.Replace('▁', '_')).Sample(text => Assert.Equal(naive.Encode(text), Tokenizer.Encode(text)), iter: 3000);
    }

    // An implementation that is not ours: Microsoft.ML.Tokenizers, on text without runs of equal pairs, where it takes another order.
    [Fact]
    public void Ids_of_plain_sentences_are_those_of_another_implementation()
    {
        using var model = new MemoryStream(TinyTokenizer.Model());
        var other = Microsoft.ML.Tokenizers.LlamaTokenizer.Create(model, addBeginOfSentence: false);
        foreach (var line in (string[])["Which is it? A cat B dog C ship", "What is at row 2 column 3?", "Ein Zürcher Käse, 3.50 Fr.", "a b  c\n\td", "図と🚂"])
            Assert.Equal(other.EncodeToIds(line), Tokenizer.Encode(line));
    }

    [Theory]
    [InlineData("yes", "yes")]
    [InlineData("Is there a cat?", "Is ▁there ▁a ▁cat ?")]
    [InlineData("What is at row 2 column 3?", "What ▁is ▁at ▁row ▁ 2 ▁column ▁ 3 ?")]
    [InlineData("What is beside tag K?", "What ▁is ▁beside ▁tag ▁ K ?")]
    [InlineData("How many dogs? 12", "How ▁many ▁dog s ? ▁ 1 2")]
    [InlineData("A cat B dog C ship", "A ▁cat ▁ B ▁dog ▁ C ▁ship")]
    [InlineData("user\nno", "user \n no")]
    [InlineData("é", "<0xC3> <0xA9>")]
    public void Text_is_cut_into_these_pieces(string text, string pieces) =>
        Assert.Equal(pieces, string.Join(' ', Tokenizer.Encode(text).Select(Tokenizer.Piece)));

    // Checkpoints hold rows of embeddings for these ids.
    [Fact]
    public void Ids_stay_what_they_are()
    {
        Assert.Equal("668, 576, 492, 511, 942, 592, 927", string.Join(", ", Tokenizer.Encode("Is there a cat? yes\n")));
        Assert.Equal("971, 955, 953, 954, 958, 972, 973, 974, 975, 976, 945, 952, 949, 967", string.Join(", ", Tokenizer.Encode("0123456789ABCK")));
    }

    [Fact]
    public void Special_tokens_have_the_published_places()
    {
        Assert.Equal((1, 1013, 1014, 1015, 1016, 1017),
            (Tokenizer.BeginOfText, Tokenizer.EndOfTurn, Tokenizer.StartOfTurn, Tokenizer.ImageStart, Tokenizer.ImageEnd, Tokenizer.Image));
        Assert.Equal("<unk> <s> </s>", string.Join(' ', Enumerable.Range(0, 3).Select(Tokenizer.Piece)));
        Assert.Equal("<|im_end|> <|im_start|> <img> </img> <IMG_CONTEXT> <quad> </quad> <ref> </ref> <box> </box>",
            string.Join(' ', Enumerable.Range(1013, 11).Select(Tokenizer.Piece)));
        // The published vocabulary, by the same offsets.
        Assert.Equal(92542, SpecialTokens.Id("<|im_end|>", 92553));
        Assert.Equal(92546, SpecialTokens.Id("<IMG_CONTEXT>", 92553));
    }

    [Fact]
    public void Special_tokens_are_read_from_text_only_on_request()
    {
        const string text = "<s>a<img><IMG_CONTEXT></img></s> <box>b<|im_end|>";
        Assert.DoesNotContain(Tokenizer.Encode(text), id => id <= 2 || id >= 1013);
        var parsed = Tokenizer.Encode(text, parseSpecials: true);
        Assert.Equal("<s> a <img> <IMG_CONTEXT> </img> </s> ▁ <box> b <|im_end|>", string.Join(' ', parsed.Select(Tokenizer.Piece)));
        Assert.Equal("a b", Tokenizer.Decode(parsed));
        Assert.Equal(text, Tokenizer.Decode(parsed, keepSpecials: true));
        Assert.Equal([1, .. Tokenizer.Encode("x")], Tokenizer.Encode("x", addBeginOfText: true));
    }

    [Fact]
    public void Half_a_character_decodes_to_a_replacement() =>
        Assert.Equal("a\uFFFDb", Tokenizer.Decode([.. Tokenizer.Encode("a"), Tokenizer.Encode("é")[0], .. Tokenizer.Encode("b")]));

    [Fact]
    public void An_unpaired_surrogate_becomes_a_replacement() =>
        Assert.Equal("a\uFFFDb", Tokenizer.Decode(Tokenizer.Encode("a\uD800b")));

    [Fact]
    public void An_id_outside_the_vocabulary_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Decode([1024]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Decode([-1]));
    }

    [Theory]
    [InlineData(0, "no SentencePiece BPE model")]
    [InlineData(100, "no SentencePiece BPE model")]
    [InlineData(5000, "no SentencePiece BPE model")]
    public void A_truncated_model_is_refused_in_one_line(int length, string expected)
    {
        var model = TinyTokenizer.Model()[..length];
        var message = Assert.Throws<InputException>(() => ChatTokenizer.Load(new MemoryStream(model), 1024, "some/tokenizer.model")).Message;
        Assert.StartsWith("some/tokenizer.model: " + expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_model_of_another_size_is_refused()
    {
        var message = Assert.Throws<InputException>(() => ChatTokenizer.Load(new MemoryStream(TinyTokenizer.Model()), 92553)).Message;
        Assert.StartsWith("tokenizer.model: holds 1015 pieces; a vocabulary of 92553 ids needs 92544", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_model_is_refused_with_its_path() =>
        Assert.StartsWith("nowhere/tokenizer.model: ", Assert.Throws<InputException>(() => ChatTokenizer.Load("nowhere/tokenizer.model", 1024)).Message, StringComparison.Ordinal);

    [Fact]
    public void Any_change_of_a_byte_gives_a_tokenizer_or_an_input_error()
    {
        var model = TinyTokenizer.Model();
        Gen.Select(Gen.Int[0, model.Length - 1], Gen.Byte).Sample((at, value) =>
        {
            var changed = (byte[])model.Clone();
            changed[at] = value;
            try
            {
                var tokenizer = ChatTokenizer.Load(new MemoryStream(changed), 1024);
                tokenizer.Decode(tokenizer.Encode("Is there a cat? 图 <s>"));
            }
            catch (InputException) { }
        }, iter: 500);
    }

    // A model in which text can be merged to what a control or byte piece is spelled like.
    static byte[] Trap(params string[] pieces) => SentencePieceModel.Write(
        [.. pieces, "<", ">", "/", "s", "0", "x", "4", "1", "a", "▁", "[", "]"], ["<|im_end|>", "<|im_start|>"]);

    static ChatTokenizer Of(byte[] model) => ChatTokenizer.Load(new MemoryStream(model), SentencePieceModel.Pieces(model).Count + SpecialTokens.Added);

    static string Pieces(ChatTokenizer tokenizer, ReadOnlySpan<int> ids) => string.Join(' ', ids.ToArray().Select(tokenizer.Piece));

    [Fact]
    public void Text_spelled_like_a_control_or_byte_piece_stays_text()
    {
        var tokenizer = Of(Trap("s>", "/s>", "<0", "x4", "1>", "x41>"));
        Assert.Equal("< s>", Pieces(tokenizer, tokenizer.Encode("<s>")));
        Assert.Equal("< /s>", Pieces(tokenizer, tokenizer.Encode("</s>")));
        Assert.Equal("<0 x41>", Pieces(tokenizer, tokenizer.Encode("<0x41>")));
        Assert.Equal("<s></s><0x41>", tokenizer.Decode(tokenizer.Encode("<s></s><0x41>")));
    }

    [Fact]
    public void User_defined_pieces_are_found_whole_unless_they_are_special_tokens()
    {
        var model = Trap("aa", "[a]");
        var at = model.AsSpan().IndexOf("[a]"u8);
        model[at + "[a]".Length + 6] = (byte)PieceType.UserDefined; // behind the score's tag and four bytes, and the type's tag
        var tokenizer = Of(model);
        Assert.Equal("a [a] a", Pieces(tokenizer, tokenizer.Encode("a[a]a")));
        Assert.Equal("aa [ aa ]", Pieces(tokenizer, tokenizer.Encode("aa[aa]")));

        at = model.AsSpan().IndexOf("<|im_end|>"u8);
        model[at + "<|im_end|>".Length + 6] = (byte)PieceType.UserDefined;
        Assert.DoesNotContain(Of(model).EndOfTurn, Of(model).Encode("<|im_end|>"));
    }

    [Fact]
    public void Models_that_put_a_space_in_front_do_so_for_each_run_and_lose_it_again()
    {
        var model = Trap("▁a");
        model[^5] = 1; // the value of add_dummy_prefix
        var tokenizer = Of(model);
        Assert.Equal("▁a ▁a", Pieces(tokenizer, tokenizer.Encode("a a")));
        Assert.Equal("▁a <img> ▁a", Pieces(tokenizer, tokenizer.Encode("a<img>a", parseSpecials: true)));
        Assert.Equal("a a", tokenizer.Decode(tokenizer.Encode("a a")));
        Assert.Equal(" a", tokenizer.Decode(tokenizer.Encode(" a")));
        Assert.Equal("a<img>a", tokenizer.Decode(tokenizer.Encode("a<img>a", parseSpecials: true), keepSpecials: true));
        Assert.Equal("a", Pieces(tokenizer, tokenizer.EncodeContinuation("a")));
    }

    [Fact]
    public void Models_that_remove_extra_spaces_do_so()
    {
        var model = Trap("▁a");
        model[^3] = 1; // the value of remove_extra_whitespaces
        Assert.Equal("a ▁a", Pieces(Of(model), Of(model).Encode("  a   a ")));
    }
}
