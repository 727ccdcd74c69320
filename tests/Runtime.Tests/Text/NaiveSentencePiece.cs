using System.Globalization;
using System.Text;

namespace MmMamba.Runtime.Tests.Text;

/// <summary>SentencePiece's BPE, written down slowly from its definition: no queue, no caches, merges looked for anew every time.</summary>
sealed class NaiveSentencePiece
{
    readonly Dictionary<string, (int Id, float Score)> _pieces = new(StringComparer.Ordinal);
    readonly int[] _bytes = new int[256];

    public NaiveSentencePiece(byte[] model)
    {
        var id = 0;
        foreach (var (field, _, message) in Fields(model).Where(f => f.Field == 1))
        {
            var parts = Fields(message).ToDictionary(f => f.Field);
            var text = Encoding.UTF8.GetString(parts[1].Data);
            var score = BitConverter.Int32BitsToSingle((int)parts[2].Value);
            switch (parts[3].Value)
            {
                case 1:
                    _pieces.Add(text, (id, score));
                    break;
                case 6:
                    _bytes[int.Parse(text.AsSpan(3, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)] = id;
                    break;
            }
            id++;
        }
    }

    public int[] Encode(string text)
    {
        var symbols = text.Replace(' ', '\u2581').EnumerateRunes().Select(rune => rune.ToString()).ToList();
        while (true)
        {
            var best = Enumerable.Range(0, Math.Max(0, symbols.Count - 1))
                .Where(i => _pieces.ContainsKey(symbols[i] + symbols[i + 1]))
                .OrderByDescending(i => _pieces[symbols[i] + symbols[i + 1]].Score).ThenBy(i => i)
                .Cast<int?>().FirstOrDefault();
            if (best is not { } at)
                break;
            symbols[at] += symbols[at + 1];
            symbols.RemoveAt(at + 1);
        }
        return [.. symbols.SelectMany(symbol => _pieces.TryGetValue(symbol, out var piece)
            ? [piece.Id]
            : Encoding.UTF8.GetBytes(symbol).Select(b => _bytes[b]))];
    }

    static IEnumerable<(int Field, ulong Value, byte[] Data)> Fields(byte[] message)
    {
        var at = 0;
        while (at < message.Length)
        {
            var tag = Varint();
            switch (tag & 7)
            {
                case 0:
                    yield return ((int)(tag >> 3), Varint(), []);
                    break;
                case 2:
                    var length = (int)Varint();
                    yield return ((int)(tag >> 3), 0, message[at..(at + length)]);
                    at += length;
                    break;
                case 5:
                    yield return ((int)(tag >> 3), BitConverter.ToUInt32(message, at), []);
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException("wire type");
            }
        }

        ulong Varint()
        {
            var value = 0UL;
            for (var shift = 0; ; shift += 7)
            {
                value |= (ulong)(message[at] & 0x7F) << shift;
                if (message[at++] < 0x80)
                    return value;
            }
        }
    }
}
