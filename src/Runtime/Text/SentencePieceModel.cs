using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace MmMamba.Runtime.Text;

/// <summary>What a piece is; the numbers are those of <c>ModelProto.SentencePiece.Type</c>.</summary>
enum PieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <param name="Text">Its spelling, a space as U+2581.</param>
/// <param name="Score">Its rank among merges: higher ones go first.</param>
/// <param name="Type">What it is.</param>
readonly record struct SentencePiece(string Text, float Score, PieceType Type);

/// <summary>
/// A SentencePiece model as bytes: the protocol buffer <c>sentencepiece.ModelProto</c>, field by field. What is written has the layout of
/// the Llama family: <c>&lt;unk&gt;</c>, <c>&lt;s&gt;</c>, <c>&lt;/s&gt;</c>, 256 bytes, then pieces by falling score. Text is not normalised and
/// gets no space in front, as in InternLM2's model.
/// </summary>
static class SentencePieceModel
{
    // TrainerSpec.ModelType
    const int Bpe = 2;

    /// <summary>The pieces of a model in the order of their ids.</summary>
    /// <exception cref="InvalidDataException">The bytes are no protocol buffer with pieces in it.</exception>
    public static List<SentencePiece> Pieces(ReadOnlySpan<byte> model)
    {
        var pieces = new List<SentencePiece>();
        for (var reader = new Reader(model); reader.Next();)
        {
            if (reader.Field != 1)
                continue;
            var (text, score, type) = ("", 0f, PieceType.Normal);
            for (var piece = new Reader(reader.Data); piece.Next();)
                switch (piece.Field)
                {
                    case 1: text = Encoding.UTF8.GetString(piece.Data); break;
                    case 2: score = BinaryPrimitives.ReadSingleLittleEndian(piece.Data); break;
                    case 3: type = (PieceType)piece.Value; break;
                }
            if (text.Length == 0)
                throw new InvalidDataException("a piece without text");
            pieces.Add(new SentencePiece(text, score, type));
        }
        return pieces;
    }

    /// <summary>Whether text is changed by a table of characters before it is cut into pieces.</summary>
    /// <exception cref="InvalidDataException">The bytes are no protocol buffer.</exception>
    public static bool HasCharacterMap(ReadOnlySpan<byte> model)
    {
        for (var reader = new Reader(model); reader.Next();)
            if (reader.Field == 3)
                for (var normalizer = new Reader(reader.Data); normalizer.Next();)
                    if (normalizer.Field == 2 && normalizer.Data.Length > 0)
                        return true;
        return false;
    }

    /// <summary>Writes a model.</summary>
    /// <param name="pieces">Pieces by rank: the score of a piece is its negated index.</param>
    /// <param name="lastPieces">Control pieces behind them.</param>
    public static byte[] Write(IReadOnlyList<string> pieces, IReadOnlyList<string> lastPieces) => Write(
    [
        new("<unk>", 0, PieceType.Unknown), new("<s>", 0, PieceType.Control), new("</s>", 0, PieceType.Control),
        .. Enumerable.Range(0, 256).Select(b => new SentencePiece(string.Create(CultureInfo.InvariantCulture, $"<0x{b:X2}>"), 0, PieceType.Byte)),
        .. pieces.Select((piece, rank) => new SentencePiece(piece, -rank, PieceType.Normal)),
        .. lastPieces.Select(piece => new SentencePiece(piece, 0, PieceType.Control)),
    ]);

    /// <summary>Writes a model of these pieces, by their ids.</summary>
    /// <param name="pieces">All pieces, those of bytes too.</param>
    /// <param name="dummyPrefix">Each run of text gets a space in front.</param>
    /// <param name="characterMap">A table of characters that text is changed by.</param>
    public static byte[] Write(IReadOnlyList<SentencePiece> pieces, bool dummyPrefix = false, string characterMap = "")
    {
        var model = new Message();
        foreach (var piece in pieces)
            model.Add(1, Piece(piece.Text, piece.Score, piece.Type));

        var trainer = new Message();
        trainer.Add(3, Bpe);
        trainer.Add(4, pieces.Count); // vocab_size
        trainer.Add(35, 1); // byte_fallback
        trainer.Add(40, 0); // unk_id
        trainer.Add(41, 1); // bos_id
        trainer.Add(42, 2); // eos_id
        trainer.Add(43, -1); // pad_id: none
        trainer.Add(45, "<unk>");
        trainer.Add(46, "<s>");
        trainer.Add(47, "</s>");
        model.Add(2, trainer);

        var normalizer = new Message();
        normalizer.Add(1, "identity");
        if (characterMap.Length > 0)
            normalizer.Add(2, characterMap); // precompiled_charsmap
        normalizer.Add(3, dummyPrefix ? 1 : 0); // add_dummy_prefix
        normalizer.Add(4, 0); // remove_extra_whitespaces
        normalizer.Add(5, 1); // escape_whitespaces
        model.Add(3, normalizer);
        return model.ToArray();
    }

    static Message Piece(string text, float score, PieceType type)
    {
        var piece = new Message();
        piece.Add(1, text);
        piece.Add(2, score);
        piece.Add(3, (int)type);
        return piece;
    }

    // The three wire types that the model needs: variable-length integers, length-delimited data, 32-bit floats.
    sealed class Message
    {
        readonly MemoryStream _bytes = new();

        public void Add(int field, int value)
        {
            Varint((ulong)field << 3);
            Varint((ulong)(long)value);
        }

        public void Add(int field, float value)
        {
            Varint((ulong)field << 3 | 5);
            Span<byte> four = stackalloc byte[4];
            BinaryPrimitives.WriteSingleLittleEndian(four, value);
            _bytes.Write(four);
        }

        public void Add(int field, string value) => Add(field, Encoding.UTF8.GetBytes(value));

        public void Add(int field, Message value) => Add(field, value.ToArray());

        public byte[] ToArray() => _bytes.ToArray();

        void Add(int field, byte[] value)
        {
            Varint((ulong)field << 3 | 2);
            Varint((ulong)value.Length);
            _bytes.Write(value);
        }

        void Varint(ulong value)
        {
            for (; value >= 0x80; value >>= 7)
                _bytes.WriteByte((byte)(value | 0x80));
            _bytes.WriteByte((byte)value);
        }
    }

    ref struct Reader(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> _rest = message;

        /// <summary>Number of the field that <see cref="Next"/> found.</summary>
        public int Field { get; private set; }

        /// <summary>The field's value, for a variable-length integer.</summary>
        public ulong Value { get; private set; }

        /// <summary>The field's bytes, for anything else.</summary>
        public ReadOnlySpan<byte> Data { get; private set; }

        public bool Next()
        {
            if (_rest.IsEmpty)
                return false;
            var tag = Varint();
            Field = (int)(tag >> 3);
            Value = 0;
            Data = default;
            switch (tag & 7)
            {
                case 0: Value = Varint(); break;
                case 1: Data = Take(8); break;
                case 2: Data = Take(Varint()); break;
                case 5: Data = Take(4); break;
                default: throw new InvalidDataException("an unknown wire type");
            }
            return true;
        }

        ulong Varint()
        {
            var value = 0UL;
            for (var shift = 0; shift < 64; shift += 7)
            {
                var b = Take(1)[0];
                value |= (ulong)(b & 0x7F) << shift;
                if (b < 0x80)
                    return value;
            }
            throw new InvalidDataException("an integer of more than 64 bits");
        }

        ReadOnlySpan<byte> Take(ulong count)
        {
            if (count > (ulong)_rest.Length)
                throw new InvalidDataException("the file ends too early");
            var taken = _rest[..(int)count];
            _rest = _rest[(int)count..];
            return taken;
        }
    }
}
