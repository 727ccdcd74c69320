using CsCheck;
using MmMamba.Runtime.Text;

namespace MmMamba.Runtime.Tests.Text;

/// <summary>InternLM2's form of a tokenizer: a folder's files, its special tokens, conversations of several pictures and turns.</summary>
public sealed class PublishedFolderTests : IDisposable
{
    readonly PublishedFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static string Text(ChatTokenizer tokenizer, ReadOnlySpan<int> ids) => tokenizer.Decode(ids, keepSpecials: true);

    [Fact]
    public void The_tokens_of_the_files_have_their_places()
    {
        var tokenizer = _folder.Load();
        Assert.Equal(
            "[UNUSED_TOKEN_1] <|plugin|> <|interpreter|> <|action_end|> <|action_start|> <|im_end|> <|im_start|> <img> </img> <IMG_CONTEXT> <quad> </quad> <ref> </ref> <box> </box>",
            string.Join(' ', Enumerable.Range(tokenizer.Vocabulary - 16, 16).Select(tokenizer.Piece)));
        Assert.Equal([tokenizer.Vocabulary - 15], tokenizer.Encode("<|plugin|>", parseSpecials: true));
        Assert.Equal("ab", tokenizer.Decode(tokenizer.Encode("a<|plugin|><box>b", parseSpecials: true)));
    }

    [Fact]
    public void A_model_alone_has_the_published_tokens_behind_it()
    {
        var (alone, folder) = (ChatTokenizer.Load(_folder["tokenizer.model"], PublishedFolder.Vocabulary), _folder.Load());
        Assert.Equal((folder.EndOfTurn, folder.StartOfTurn, folder.Image), (alone.EndOfTurn, alone.StartOfTurn, alone.Image));
        const string text = "the cat<img>and</img> 图片 <|im_end|>";
        Assert.Equal(folder.Encode(text, parseSpecials: true), alone.Encode(text, parseSpecials: true));
    }

    // The model spells its places for tokens as pieces of their own; a text that spells one so must not reach the token.
    [Theory]
    [InlineData("[UNUSED_TOKEN_6]")]
    [InlineData("[UNUSED_TOKEN_2]")]
    [InlineData("<|plugin|>")]
    [InlineData("<|im_end|><img>")]
    public void No_text_becomes_a_special_token(string text)
    {
        var tokenizer = _folder.Load();
        Assert.All(tokenizer.Encode("a" + text), id => Assert.InRange(id, 3, tokenizer.Vocabulary - 16));
        Assert.Equal("a" + text, tokenizer.Decode(tokenizer.Encode("a" + text)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Each_run_between_special_tokens_is_what_SentencePiece_makes_of_it(bool dummyPrefix)
    {
        using var folder = new PublishedFolder(dummyPrefix);
        var (tokenizer, naive) = (folder.Load(), new NaiveSentencePiece(folder.Model));
        string[] words = ["the", " cat", "picture of", "<img>", "</img>", "<|im_start|>", "\n", "猫", "é", " ", "xyz"];
        Gen.Int[0, words.Length - 1].Select(i => words[i]).Array[0, 9].Select(string.Concat).Sample(text =>
        {
            var expected = new List<int>();
            var run = "";
            void End()
            {
                if (run.Length > 0) expected.AddRange(naive.Encode(dummyPrefix ? " " + run : run));
                run = "";
            }
            for (var i = 0; i < text.Length;)
            {
                var special = new[] { "<img>", "</img>", "<|im_start|>" }.FirstOrDefault(name => text.AsSpan(i).StartsWith(name));
                if (special is null) run += text[i++];
                else
                {
                    End();
                    expected.Add(special switch { "<img>" => tokenizer.ImageStart, "</img>" => tokenizer.ImageEnd, _ => tokenizer.StartOfTurn });
                    i += special.Length;
                }
            }
            End();
            Assert.Equal(expected, tokenizer.Encode(text, parseSpecials: true));
            Assert.Equal(text, Text(tokenizer, tokenizer.Encode(text, parseSpecials: true)));
        }, iter: 500, threads: 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_conversation_of_pictures_and_turns_is_the_published_template(bool dummyPrefix)
    {
        using var folder = new PublishedFolder(dummyPrefix);
        var tokenizer = folder.Load();
        var template = new ChatTemplate(tokenizer, tokensPerTile: 2);
        string Picture(int tiles) => "<img>" + string.Concat(Enumerable.Repeat("<IMG_CONTEXT>", 2 * tiles)) + "</img>";
        string expected = "<s><|im_start|>system\n" + ChatTemplate.PublishedSystem + "<|im_end|>"
            + "<|im_start|>user\nImage-1: " + Picture(3) + "\nImage-2: " + Picture(1) + "\nwhat is in the first picture?<|im_end|><|im_start|>assistant\na cat<|im_end|>"
            + "<|im_start|>user\nand in " + Picture(2) + "?<|im_end|><|im_start|>assistant\n";
        var ids = template.Prompt("and in <image>?", [3, 1, 2], [new("Image-1: <image>\nImage-2: <image>\nwhat is in the first picture?", "a cat")]);
        Assert.Equal(expected, Text(tokenizer, ids));
        // As a tokenizer does that is given the whole text with its special tokens.
        if (!dummyPrefix) Assert.Equal(tokenizer.Encode(expected, parseSpecials: true), ids);
    }

    [Fact]
    public void An_answer_ends_with_its_turn_or_with_what_never_stands_in_one()
    {
        var tokenizer = _folder.Load();
        Assert.Equal(["<|im_end|>", "<|im_start|>", "</s>"], tokenizer.StopTokens.Select(tokenizer.Piece));
    }

    [Theory]
    [InlineData("added_tokens.json", """{ "<img>": 5 }""", "'<img>' has the id 5, and 467 too")]
    [InlineData("added_tokens.json", """{ "<picture>": 467 }""", "'<picture>' has the id 467, and so has '<img>'")]
    [InlineData("added_tokens.json", """{ "<more>": 476 }""", "'<more>' has the id 476; the vocabulary has the ids 0 to 475")]
    [InlineData("added_tokens.json", """{ "<img>": "467" }""", "'<img>' has no id")]
    [InlineData("added_tokens.json", "[]", "is no JSON object")]
    [InlineData("added_tokens.json", "{", "cannot be read as JSON")]
    [InlineData("tokenizer_config.json", """{ "added_tokens_decoder": [] }""", "added_tokens_decoder is an object of ids and tokens")]
    [InlineData("tokenizer_config.json", """{ "added_tokens_decoder": { "1x": { "content": "a" } } }""", "'1x' is no id with a token's content")]
    [InlineData("tokenizer_config.json", """{ "added_tokens_decoder": { "1": { "content": 2 } } }""", "'1' is no id with a token's content")]
    [InlineData("tokenizer_config.json", """{ "added_tokens_decoder": { "465": { "content": "<\u001b>" } } }""", "the id 465 is '<\\u001b>' there and <|im_end|> in the models")]
    public void Files_that_are_damaged_or_of_other_models_are_refused(string file, string json, string gist)
    {
        File.WriteAllText(_folder[file], json);
        var message = Assert.Throws<InputException>(_folder.Load).Message;
        Assert.Contains(gist, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_folder_whose_files_lack_a_token_is_refused()
    {
        File.Delete(_folder["tokenizer_config.json"]);
        _folder.Write("added_tokens.json", new Dictionary<string, int> { ["<img>"] = 467 });
        Assert.Contains("give </img> no id", Assert.Throws<InputException>(_folder.Load).Message, StringComparison.Ordinal);
        File.Delete(_folder["added_tokens.json"]);
        Assert.Equal(467, _folder.Load().ImageStart);
        File.Delete(_folder["tokenizer.model"]);
        Assert.StartsWith(_folder["tokenizer.model"], Assert.Throws<InputException>(_folder.Load).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_that_changes_characters_is_refused()
    {
        File.WriteAllBytes(_folder["tokenizer.model"], SentencePieceModel.Write(SentencePieceModel.Pieces(_folder.Model), characterMap: "x"));
        Assert.Contains("precompiled_charsmap", Assert.Throws<InputException>(_folder.Load).Message, StringComparison.Ordinal);
    }
}
