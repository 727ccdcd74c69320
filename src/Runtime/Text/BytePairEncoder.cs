using System.Text;

namespace MmMamba.Runtime.Text;

/// <summary>
/// SentencePiece's byte-pair encoding: characters are merged to pieces, the highest score first and of equal ones the leftmost, and
/// characters that are no piece become their UTF-8 bytes. Control and byte pieces never come from text.
/// </summary>
/// <remarks>
/// Microsoft.ML.Tokenizers merges the rightmost of equal pairs (<c>o|oo</c> where SentencePiece gives <c>oo|o</c>) and merges text into
/// control pieces; published models were trained on SentencePiece's ids, so the merging is done here.
/// </remarks>
sealed class BytePairEncoder
{
    readonly Dictionary<string, (int Id, float Score)>.AlternateLookup<ReadOnlySpan<char>> _pieces;
    readonly ILookup<char, (string Text, int Id)> _whole;
    readonly int _firstByte;

    /// <param name="pieces">The model's pieces by id.</param>
    /// <param name="isSpecial">Ids that text must not reach, whatever the model says of them.</param>
    /// <param name="firstByte">Id of the byte 0; the others follow.</param>
    public BytePairEncoder(IReadOnlyList<SentencePiece> pieces, Func<int, bool> isSpecial, int firstByte)
    {
        var ids = Enumerable.Range(0, pieces.Count).Where(id => !isSpecial(id)).ToArray();
        _pieces = ids.Where(id => pieces[id].Type is PieceType.Normal or PieceType.UserDefined)
            .ToDictionary(id => pieces[id].Text, id => (id, pieces[id].Score), StringComparer.Ordinal)
            .GetAlternateLookup<ReadOnlySpan<char>>();
        _whole = ids.Where(id => pieces[id].Type is PieceType.UserDefined)
            .OrderByDescending(id => pieces[id].Text.Length)
            .ToLookup(id => pieces[id].Text[0], id => (pieces[id].Text, id));
        _firstByte = firstByte;
    }

    /// <summary>Appends the ids of text whose spaces are U+2581 already.</summary>
    public void Append(ReadOnlySpan<char> text, List<int> ids)
    {
        var symbols = Symbols(text);
        var agenda = new PriorityQueue<(int Left, int Right, int Length), (float Cost, int Left)>();
        for (var i = 1; i < symbols.Count; i++)
            Propose(i - 1, i, text);
        while (agenda.TryDequeue(out var pair, out _))
        {
            var (left, right) = (symbols[pair.Left], symbols[pair.Right]);
            if (left.Length == 0 || right.Length == 0 || left.Length + right.Length != pair.Length)
                continue; // one of the two has been merged elsewhere in the meantime
            symbols[pair.Left] = left with { Length = pair.Length, Next = right.Next };
            symbols[pair.Right] = right with { Length = 0 };
            if (right.Next >= 0)
                symbols[right.Next] = symbols[right.Next] with { Previous = pair.Left };
            Propose(left.Previous, pair.Left, text);
            Propose(pair.Left, right.Next, text);
        }
        for (var i = symbols.Count == 0 ? -1 : 0; i >= 0; i = symbols[i].Next)
        {
            var symbol = text.Slice(symbols[i].Start, symbols[i].Length);
            if (_pieces.TryGetValue(symbol, out var piece))
                ids.Add(piece.Id);
            else
                AppendBytes(symbol, ids);
        }

        void Propose(int left, int right, ReadOnlySpan<char> text)
        {
            if (left < 0 || right < 0 || symbols[left].IsWhole || symbols[right].IsWhole)
                return;
            var length = symbols[left].Length + symbols[right].Length;
            if (_pieces.TryGetValue(text.Slice(symbols[left].Start, length), out var piece))
                agenda.Enqueue((left, right, length), (-piece.Score, left));
        }
    }

    /// <summary>Appends the ids of the text's UTF-8 bytes.</summary>
    public void AppendBytes(ReadOnlySpan<char> text, List<int> ids)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
            foreach (var b in bytes[..rune.EncodeToUtf8(bytes)])
                ids.Add(_firstByte + b);
    }

    // Characters, and the user-defined pieces, which are found whole.
    List<Symbol> Symbols(ReadOnlySpan<char> text)
    {
        var symbols = new List<Symbol>(text.Length);
        for (var start = 0; start < text.Length;)
        {
            var length = char.IsHighSurrogate(text[start]) && start + 1 < text.Length && char.IsLowSurrogate(text[start + 1]) ? 2 : 1;
            var isWhole = false;
            foreach (var (whole, _) in _whole[text[start]])
                if (text[start..].StartsWith(whole, StringComparison.Ordinal))
                {
                    (length, isWhole) = (whole.Length, true);
                    break;
                }
            var next = start + length < text.Length ? symbols.Count + 1 : -1;
            symbols.Add(new Symbol(start, length, symbols.Count - 1, next, isWhole));
            start += length;
        }
        return symbols;
    }

    readonly record struct Symbol(int Start, int Length, int Previous, int Next, bool IsWhole);
}
