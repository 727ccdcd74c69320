using System.Globalization;
using System.Text;
using Microsoft.ML.Tokenizers;
using MmMamba.Runtime.Checkpoints;

namespace MmMamba.Runtime.Text;

/// <summary>
/// Text to ids and back: a SentencePiece BPE model with byte fallback, and the special tokens of <see cref="SpecialTokens"/>.
/// Text is lossless: <c>Decode(Encode(text)) == text</c> for every well-formed string. Special tokens come from ids, never from text,
/// unless the caller asks for them. Instances are immutable and may be shared by threads.
/// </summary>
/// <remarks>
/// Microsoft.ML.Tokenizers reads the model; <see cref="BytePairEncoder"/> says why the merging is done here. As the published models'
/// tokenizer does, each run between special tokens is encoded and decoded on its own. The character U+2581, which stands for a space
/// inside pieces, is kept apart from a space by encoding it as its bytes.
/// </remarks>
public sealed class ChatTokenizer
{
    const char Space = '\u2581';
    const int NotAByte = -1;

    readonly BytePairEncoder _encoder;
    readonly string[] _pieces;
    readonly bool[] _special;
    readonly int _firstByte;
    readonly bool _dummyPrefix;
    readonly bool _removeExtraSpaces;
    readonly (string Name, int Id)[] _names;

    ChatTokenizer(LlamaTokenizer model, List<SentencePiece> pieces, int vocabulary, int firstByte, IReadOnlyDictionary<int, string> added)
    {
        Vocabulary = vocabulary;
        _firstByte = firstByte;
        _dummyPrefix = model.AddDummyPrefix;
        _removeExtraSpaces = model.Normalizer is SentencePieceNormalizer { RemoveExtraWhiteSpaces: true };
        _pieces = new string[vocabulary];
        for (var id = 0; id < pieces.Count; id++)
            _pieces[id] = pieces[id].Text;
        _special = new bool[vocabulary];
        foreach (var id in (ReadOnlySpan<int>)[SpecialTokens.Unknown, SpecialTokens.BeginOfText, SpecialTokens.EndOfText])
            _special[id] = true;
        foreach (var (id, name) in SpecialTokens.AtTheEnd.Select(name => (SpecialTokens.Id(name, vocabulary), name)).Concat(added.Select(token => (token.Key, token.Value))))
            (_pieces[id], _special[id]) = (name, true);
        _names = [.. Enumerable.Range(0, vocabulary).Where(id => _special[id]).Select(id => (_pieces[id], id))];
        _encoder = new BytePairEncoder(pieces, id => _special[id], firstByte);
    }

    /// <summary>Number of ids: the rows of the embeddings and of the head.</summary>
    public int Vocabulary { get; }

    /// <summary>Id of <c>&lt;s&gt;</c>, which opens every conversation.</summary>
    public int BeginOfText => SpecialTokens.BeginOfText;

    /// <summary>Ids that end an answer: <c>&lt;|im_end|&gt;</c>, which the models learned to write, and those with which nothing of it goes on.</summary>
    public IReadOnlyList<int> StopTokens => [EndOfTurn, StartOfTurn, SpecialTokens.EndOfText];

    /// <summary>Id of <c>&lt;|im_end|&gt;</c>, which ends a turn.</summary>
    public int EndOfTurn => SpecialTokens.Id("<|im_end|>", Vocabulary);

    /// <summary>Id of <c>&lt;|im_start|&gt;</c>, which a role follows.</summary>
    public int StartOfTurn => SpecialTokens.Id("<|im_start|>", Vocabulary);

    /// <summary>Id of <c>&lt;img&gt;</c>, before a picture's tokens.</summary>
    public int ImageStart => SpecialTokens.Id("<img>", Vocabulary);

    /// <summary>Id of <c>&lt;/img&gt;</c>, behind a picture's tokens.</summary>
    public int ImageEnd => SpecialTokens.Id("</img>", Vocabulary);

    /// <summary>Id of <c>&lt;IMG_CONTEXT&gt;</c>: the place of one image token.</summary>
    public int Image => SpecialTokens.Id("<IMG_CONTEXT>", Vocabulary);

    /// <summary>Reads a SentencePiece BPE model.</summary>
    /// <param name="model">The bytes of a <c>tokenizer.model</c>, read from the stream's position to its end.</param>
    /// <param name="vocabulary">Number of ids, the nine added tokens included.</param>
    /// <param name="name">What to call the model in an error: its path.</param>
    /// <exception cref="InputException">No SentencePiece BPE model, or one of another size.</exception>
    public static ChatTokenizer Load(Stream model, int vocabulary, string name = "tokenizer.model") =>
        Load(model, vocabulary, name, new Dictionary<int, string>());

    static ChatTokenizer Load(Stream model, int vocabulary, string name, IReadOnlyDictionary<int, string> added)
    {
        var bytes = new MemoryStream();
        model.CopyTo(bytes);
        bytes.Position = 0;
        LlamaTokenizer tokenizer;
        List<SentencePiece> pieces;
        try
        {
            var content = bytes.GetBuffer().AsSpan(0, (int)bytes.Length);
            if (SentencePieceModel.HasCharacterMap(content))
                throw new InvalidDataException("its precompiled_charsmap changes text before it is encoded, which the published models' does not");
            tokenizer = LlamaTokenizer.Create(bytes, addBeginOfSentence: false, addEndOfSentence: false);
            pieces = SentencePieceModel.Pieces(content);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A broken file comes out as a parser's, an argument's or a null reference's exception.
            throw new InputException($"{name}: no SentencePiece BPE model ({OneLine(e.Message)}); give the tokenizer.model that belongs to the checkpoint", e);
        }
        if (pieces.Count != vocabulary - SpecialTokens.Added)
            throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"{name}: holds {pieces.Count} pieces; a vocabulary of {vocabulary} ids needs {vocabulary - SpecialTokens.Added}, for {SpecialTokens.Added} are added behind them: give the tokenizer.model that belongs to the checkpoint"));
        if (tokenizer.UnknownId != SpecialTokens.Unknown || tokenizer.BeginningOfSentenceId != SpecialTokens.BeginOfText || tokenizer.EndOfSentenceId != SpecialTokens.EndOfText)
            throw new InputException($"{name}: <unk>, <s> and </s> are expected as the ids 0, 1 and 2");
        if (!tokenizer.ByteFallback || !tokenizer.Vocabulary.TryGetValue("<0x00>", out var firstByte)
            || Enumerable.Range(0, 256).Any(b => firstByte + b >= pieces.Count || pieces[firstByte + b].Text != ByteName(b)))
            throw new InputException($"{name}: no byte fallback (the pieces <0x00> to <0xFF>, one behind the other); without it text is lost");
        return new ChatTokenizer(tokenizer, pieces, vocabulary, firstByte, added);
    }

    /// <summary>Reads the tokenizer of a checkpoint's folder.</summary>
    /// <param name="path">
    /// A folder with a <c>tokenizer.model</c>, and <c>tokenizer_config.json</c> and <c>added_tokens.json</c> where there are any; or a
    /// <c>tokenizer.model</c> alone, behind which the published models' tokens are added.
    /// </param>
    /// <param name="vocabulary">Number of ids, the nine added tokens included.</param>
    /// <exception cref="InputException">No SentencePiece BPE model, one of another size, or files that name other tokens than the models have.</exception>
    public static ChatTokenizer Load(string path, int vocabulary)
    {
        var model = Directory.Exists(path) ? Path.Combine(path, "tokenizer.model") : path;
        var added = model == path ? new Dictionary<int, string>() : AddedTokens.Read(path, vocabulary);
        RegularFile.Require(model);
        try
        {
            using var file = File.OpenRead(model);
            return Load(file, vocabulary, model, added);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{model}: {OneLine(e.Message)}", e);
        }
    }

    /// <summary>Text to ids.</summary>
    /// <param name="text">Any text. An unpaired surrogate becomes U+FFFD.</param>
    /// <param name="addBeginOfText">Put <see cref="BeginOfText"/> in front.</param>
    /// <param name="parseSpecials">
    /// Read <c>&lt;img&gt;</c>, <c>&lt;s&gt;</c> and so on as the special tokens of that name. Leave it off for text that came from outside.
    /// </param>
    public int[] Encode(string text, bool addBeginOfText = false, bool parseSpecials = false)
    {
        var ids = new List<int>();
        if (addBeginOfText)
            ids.Add(BeginOfText);
        if (!parseSpecials)
            AppendRun(text, _dummyPrefix, ids);
        else
            for (var start = 0; start < text.Length;)
            {
                var (at, name, id) = NextSpecial(text, start);
                if (at > start)
                    AppendRun(text[start..at], _dummyPrefix, ids);
                if (id >= 0)
                    ids.Add(id);
                start = at + name.Length;
            }
        return [.. ids];
    }

    /// <summary>Ids of text that goes on behind other text: without the space that some models put before a run.</summary>
    internal int[] EncodeContinuation(string text)
    {
        var ids = new List<int>();
        AppendRun(text, dummyPrefix: false, ids);
        return [.. ids];
    }

    /// <summary>Ids to text. Bytes that form no character become U+FFFD.</summary>
    /// <param name="ids">Ids below <see cref="Vocabulary"/>.</param>
    /// <param name="keepSpecials">Write special tokens by name instead of leaving them out.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id that the vocabulary doesn't have.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool keepSpecials = false)
    {
        var text = new StringBuilder();
        var decoding = BeginDecoding(keepSpecials);
        foreach (var id in ids) text.Append(decoding.Add(id));
        return text.Append(decoding.End()).ToString();
    }

    /// <summary>Begins to decode ids that come one by one.</summary>
    /// <param name="keepSpecials">Write special tokens by name instead of leaving them out.</param>
    internal Decoding BeginDecoding(bool keepSpecials = false) => new(this, keepSpecials);

    /// <summary>Ids to text, one by one: <see cref="Add"/> gives the characters that an id completes.</summary>
    internal sealed class Decoding(ChatTokenizer tokenizer, bool keepSpecials)
    {
        readonly Decoder _utf8 = Encoding.UTF8.GetDecoder();
        bool _atStart = true;

        public string Add(int id)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(id);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, tokenizer.Vocabulary);
            if (tokenizer._special[id])
            {
                _atStart = true;
                return End() + (keepSpecials ? tokenizer._pieces[id] : "");
            }
            var start = _atStart;
            _atStart = false;
            if (tokenizer.Byte(id) is var b and not NotAByte) return Characters([(byte)b], flush: false);
            var piece = tokenizer._pieces[id].AsSpan();
            if (start && tokenizer._dummyPrefix && piece[0] == Space) piece = piece[1..];
            return Characters(Encoding.UTF8.GetBytes(piece.ToString().Replace(Space, ' ')), flush: false);
        }

        /// <summary>What is left of a character that was cut short: U+FFFD, or nothing.</summary>
        public string End() => Characters([], flush: true);

        string Characters(byte[] bytes, bool flush)
        {
            var characters = new char[_utf8.GetCharCount(bytes, flush)];
            return new(characters, 0, _utf8.GetChars(bytes, characters, flush));
        }
    }

    /// <summary>A token as its model spells it: <c>▁cat</c>, <c>&lt;0x0A&gt;</c>, <c>&lt;img&gt;</c>.</summary>
    public string Piece(int id) => _pieces[id];

    static string ByteName(int b) => string.Create(CultureInfo.InvariantCulture, $"<0x{b:X2}>");

    static string OneLine(string message) => message.ReplaceLineEndings(" ");

    int Byte(int id) => id >= _firstByte && id < _firstByte + 256 ? id - _firstByte : NotAByte;

    // The leftmost special token from start on; of two at the same place the longer one. (Length, "", -1) when there is none.
    (int At, string Name, int Id) NextSpecial(string text, int start)
    {
        var found = (At: text.Length, Name: "", Id: -1);
        foreach (var (name, id) in _names)
        {
            var at = text.IndexOf(name, start, StringComparison.Ordinal);
            if (at >= 0 && (at < found.At || at == found.At && name.Length > found.Name.Length))
                found = (at, name, id);
        }
        return found;
    }

    // One run of text: spaces become U+2581; a U+2581 of the text itself becomes its three bytes.
    void AppendRun(string text, bool dummyPrefix, List<int> ids)
    {
        if (text.Length == 0)
            return;
        if (_removeExtraSpaces)
            text = string.Join(' ', text.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        var parts = text.Split(Space);
        for (var i = 0; i < parts.Length; i++)
        {
            if (i > 0)
                _encoder.AppendBytes([Space], ids);
            var part = parts[i].Replace(' ', Space);
            _encoder.Append(i == 0 && dummyPrefix ? Space + part : part, ids);
        }
    }
}
