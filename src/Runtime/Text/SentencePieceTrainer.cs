using System.Globalization;
using System.Text;

namespace MmMamba.Runtime.Text;

/// <summary>
/// Learns a small SentencePiece BPE model with byte fallback. The same corpus always gives the same bytes. Pieces never cross from
/// one word to the next and never mix letters with other characters; digits and lone capitals are pieces of their own, so that a row,
/// a column, a count or the letter of a choice is the same one token everywhere.
/// </summary>
public static class SentencePieceTrainer
{
    const char Space = '\u2581';
    const int Bytes = 256;

    /// <param name="corpus">Text, a sentence a line. A word at the start of a line is learned without a space before it.</param>
    /// <param name="wholeWords">Words of lower-case letters that become one token each, both with and without a space before them.</param>
    /// <param name="pieceCount">Pieces of the model, special ones and bytes included.</param>
    /// <param name="lastPieces">Control pieces at the end of the model.</param>
    /// <returns>The bytes of a <c>tokenizer.model</c>.</returns>
    /// <exception cref="InputException">The corpus has too few words for so many pieces, or the pieces don't suffice for the whole words.</exception>
    public static byte[] Train(string corpus, IReadOnlyList<string> wholeWords, int pieceCount, IReadOnlyList<string> lastPieces)
    {
        var characters = Characters(corpus);
        var merges = pieceCount - 3 - Bytes - characters.Count - lastPieces.Count;
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);

        // First the whole words, without a space and then with one, so that the second form is one merge more than the first.
        Learn(vocabulary, wholeWords.ToDictionary(word => word, _ => 1L, StringComparer.Ordinal), merges);
        Learn(vocabulary, wholeWords.ToDictionary(word => Space + word, _ => 1L, StringComparer.Ordinal), merges);
        foreach (var word in wholeWords)
            if (Segment(Space + word, vocabulary).Count > 1)
                throw new InputException(string.Create(CultureInfo.InvariantCulture,
                    $"{pieceCount} pieces leave no room for '{word}' as one token; give more pieces or fewer whole words"));

        // Then whatever is frequent.
        Learn(vocabulary, Words(corpus), merges);
        if (vocabulary.Count < merges)
            throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"the corpus gives {vocabulary.Count} merged pieces, {merges} are needed for a model of {pieceCount}; give more text or fewer pieces"));

        return SentencePieceModel.Write(
            [.. vocabulary.OrderBy(piece => piece.Value).Select(piece => piece.Key), .. characters], lastPieces);
    }

    // Every printable ASCII character, the newline, the space, and whatever else the corpus has: most frequent first.
    static List<string> Characters(string corpus)
    {
        var counts = Enumerable.Range('!', '~' - '!' + 1).Select(c => ((char)c).ToString()).Append("\n").Append(Space.ToString())
            .ToDictionary(c => c, _ => 0L, StringComparer.Ordinal);
        foreach (var rune in corpus.Replace(' ', Space).EnumerateRunes())
            counts[rune.ToString()] = counts.GetValueOrDefault(rune.ToString()) + 1;
        return [.. counts.OrderByDescending(c => c.Value).ThenBy(c => c.Key, StringComparer.Ordinal).Select(c => c.Key)];
    }

    // Words with their counts: a run of letters with the space before it, or a run of other characters.
    static Dictionary<string, long> Words(string corpus)
    {
        var words = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var line in corpus.Split('\n'))
        {
            var text = line.Replace(' ', Space);
            for (var start = 0; start < text.Length;)
            {
                var end = start + 1;
                var letters = char.IsLetter(text[start]) || text[start] == Space && end < text.Length && char.IsLetter(text[end]);
                while (end < text.Length && text[end] != Space && char.IsLetter(text[end]) == letters)
                    end++;
                var word = text[start..end];
                words[word] = words.GetValueOrDefault(word) + 1;
                start = end;
            }
        }
        return words;
    }

    // Adds the most frequent pair of neighbours as a piece, again and again, until the vocabulary is full or no pair is left.
    static void Learn(Dictionary<string, int> vocabulary, Dictionary<string, long> counts, int limit)
    {
        var words = counts.OrderBy(word => word.Key, StringComparer.Ordinal)
            .Select(word => (Text: word.Key, Count: word.Value, Pieces: Segment(word.Key, vocabulary))).ToArray();
        while (vocabulary.Count < limit)
        {
            var pairs = new Dictionary<string, long>(StringComparer.Ordinal);
            foreach (var (_, count, pieces) in words)
                for (var i = 1; i < pieces.Count; i++)
                    if (pieces[i - 1] + pieces[i] is var pair && MayBePiece(pair))
                        pairs[pair] = pairs.GetValueOrDefault(pair) + count;
            if (pairs.Count == 0)
                return;
            var (best, most) = ("", 0L);
            foreach (var (pair, count) in pairs)
                if (count > most || count == most && string.CompareOrdinal(pair, best) < 0)
                    (best, most) = (pair, count);
            vocabulary.Add(best, vocabulary.Count);
            foreach (ref var word in words.AsSpan())
                if (word.Text.Contains(best, StringComparison.Ordinal))
                    word.Pieces = Segment(word.Text, vocabulary);
        }
    }

    static bool MayBePiece(string pair)
    {
        var text = pair[0] == Space ? pair.AsSpan(1) : pair;
        return !text.ContainsAnyInRange('0', '9')
            && !(text.Length == 1 && char.IsUpper(text[0]))
            && !text[1..].ContainsAnyInRange('A', 'Z');
    }

    // A word's pieces as an encoder finds them: again and again the earliest learned piece, leftmost first.
    static List<string> Segment(string word, Dictionary<string, int> vocabulary)
    {
        var pieces = word.EnumerateRunes().Select(rune => rune.ToString()).ToList();
        while (true)
        {
            var (best, at) = (int.MaxValue, -1);
            for (var i = 1; i < pieces.Count; i++)
                if (vocabulary.TryGetValue(pieces[i - 1] + pieces[i], out var rank) && rank < best)
                    (best, at) = (rank, i - 1);
            if (at < 0)
                return pieces;
            pieces[at] += pieces[at + 1];
            pieces.RemoveAt(at + 1);
        }
    }
}
