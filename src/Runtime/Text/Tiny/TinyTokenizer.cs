namespace MmMamba.Runtime.Text.Tiny;

/// <summary>
/// The tokenizer of the tiny models: 1,024 ids in the layout of the published vocabulary, learned from a small corpus of questions,
/// answers and names that lies beside it.
/// </summary>
public static class TinyTokenizer
{
    /// <summary>Number of ids.</summary>
    public const int Vocabulary = 1024;

    /// <summary>The tokenizer that the tiny models are trained with.</summary>
    public static ChatTokenizer Load()
    {
        using var model = new MemoryStream(Model());
        return ChatTokenizer.Load(model, Vocabulary, "the built-in tokenizer.model");
    }

    /// <summary>The bytes of the built-in <c>tokenizer.model</c>.</summary>
    public static byte[] Model()
    {
        using var resource = Resource("tokenizer.model");
        var model = new byte[resource.Length];
        resource.ReadExactly(model);
        return model;
    }

    /// <summary>Learns the tokenizer again from its corpus.</summary>
    /// <returns>The bytes of <c>tokenizer.model</c>, the same as the built-in ones.</returns>
    public static byte[] Train() => SentencePieceTrainer.Train(
        Text("corpus.txt"),
        Text("whole-words.txt").Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries),
        Vocabulary - SpecialTokens.Added,
        [.. SpecialTokens.AtTheEnd.SkipLast(SpecialTokens.Added)]);

    static string Text(string name)
    {
        using var reader = new StreamReader(Resource(name));
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    static Stream Resource(string name) => typeof(TinyTokenizer).Assembly.GetManifestResourceStream($"MmMamba.Runtime.Text.Tiny.{name}")
        ?? throw new InvalidOperationException($"{name} is missing from the assembly.");
}
