using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace MmMamba.Runtime.Text;

/// <summary>
/// Writes a SentencePiece BPE model: the protocol buffer <c>sentencepiece.ModelProto</c>, field by field. The layout is the one of the
/// Llama family: <c>&lt;unk&gt;</c>, <c>&lt;s&gt;</c>, <c>&lt;/s&gt;</c>, 256 bytes, then pieces by falling score. Text is not normalised and gets
/// no space in front, as in InternLM2's model.
/// </summary>
static class SentencePieceModel
{
    // ModelProto.SentencePiece.Type
    const int Normal = 1, Unknown = 2, Control = 3, Byte = 6;

    // TrainerSpec.ModelType
    const int Bpe = 2;

    /// <param name="pieces">Pieces by rank: the score of a piece is its negated index.</param>
    /// <param name="lastPieces">Control pieces behind them.</param>
    public static byte[] Write(IReadOnlyList<string> pieces, IReadOnlyList<string> lastPieces)
    {
        var model = new Message();
        model.Add(1, Piece("<unk>", 0, Unknown));
        model.Add(1, Piece("<s>", 0, Control));
        model.Add(1, Piece("</s>", 0, Control));
        for (var b = 0; b < 256; b++)
            model.Add(1, Piece(string.Create(CultureInfo.InvariantCulture, $"<0x{b:X2}>"), 0, Byte));
        for (var rank = 0; rank < pieces.Count; rank++)
            model.Add(1, Piece(pieces[rank], -rank, Normal));
        foreach (var piece in lastPieces)
            model.Add(1, Piece(piece, 0, Control));

        var trainer = new Message();
        trainer.Add(3, Bpe);
        trainer.Add(4, 3 + 256 + pieces.Count + lastPieces.Count); // vocab_size
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
        normalizer.Add(3, 0); // add_dummy_prefix
        normalizer.Add(4, 0); // remove_extra_whitespaces
        normalizer.Add(5, 1); // escape_whitespaces
        model.Add(3, normalizer);
        return model.ToArray();
    }

    static Message Piece(string text, float score, int type)
    {
        var piece = new Message();
        piece.Add(1, text);
        piece.Add(2, score);
        piece.Add(3, type);
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
}
