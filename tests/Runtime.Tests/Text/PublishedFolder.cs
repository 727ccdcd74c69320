using System.Globalization;
using System.Text;
using System.Text.Json;
using MmMamba.Runtime.Text;

namespace MmMamba.Runtime.Tests.Text;

/// <summary>
/// A small tokenizer in the form of InternLM2's, as a checkpoint's folder holds it: a model that was trained on a few sentences, whose
/// last pieces are places for tokens, and the files that name the tokens there and behind them.
/// </summary>
sealed class PublishedFolder : IDisposable
{
    const string Corpus = """
        the cat sat on the mat and the dog sat on the cat
        a picture of a cat and a picture of a dog is there
        what is in the first picture and what is in the second picture
        bicycle umbrella window garden mountain river elephant giraffe banana orange
        user assistant system you are a helpful assistant 图片里有什么 猫 狗
        """;

    const int Pieces = 3 + 256 + 200, Unused = 8;

    static readonly string[] AtTheEnd =
    [
        "<|plugin|>", "<|interpreter|>", "<|action_end|>", "<|action_start|>", "<|im_end|>", "<|im_start|>",
        "<img>", "</img>", "<IMG_CONTEXT>", "<quad>", "</quad>", "<ref>", "</ref>", "<box>", "</box>",
    ];

    /// <param name="dummyPrefix">Each run of text gets a space in front.</param>
    public PublishedFolder(bool dummyPrefix = false)
    {
        var trained = SentencePieceModel.Pieces(SentencePieceTrainer.Train(Corpus, [], Pieces, []));
        Model = SentencePieceModel.Write(
            [.. trained, .. Enumerable.Range(0, Unused).Select(i => new SentencePiece(FormattableString.Invariant($"[UNUSED_TOKEN_{i}]"), 0, PieceType.UserDefined))], dummyPrefix);
        File.WriteAllBytes(this["tokenizer.model"], Model);
        Write("tokenizer_config.json", new
        {
            added_tokens_decoder = AtTheEnd.Select((name, i) => (name, Id: Vocabulary - AtTheEnd.Length + i)).Concat([("<unk>", 0), ("<s>", 1), ("</s>", 2)])
                .ToDictionary(token => token.Item2.ToString(CultureInfo.InvariantCulture), token => new { content = token.Item1, lstrip = false, normalized = false, special = true }),
            bos_token = "<s>", clean_up_tokenization_spaces = false, tokenizer_class = "InternLM2Tokenizer",
        });
        Write("added_tokens.json", AtTheEnd.Skip(6).Reverse().ToDictionary(name => name, name => Vocabulary - AtTheEnd.Length + Array.IndexOf(AtTheEnd, name)));
    }

    public static int Vocabulary => Pieces + Unused + SpecialTokens.Added;

    public byte[] Model { get; }

    public string Path { get; } = Directory.CreateTempSubdirectory("mmmamba-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public ChatTokenizer Load() => ChatTokenizer.Load(Path, Vocabulary);

    public void Write(string name, object json) => File.WriteAllText(this[name], JsonSerializer.Serialize(json), new UTF8Encoding(false));

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
