namespace MmMamba.Runtime.Vision;

/// <summary>The compression of GIF: codes of 3 to 12 bits, lowest bits first, for strings that grow by one index each.</summary>
static class LzwDecoder
{
    const int Codes = 4096, LongestCode = 12;

    /// <summary>Fills all indices.</summary>
    /// <exception cref="InputException">The data end too early or hold a code that cannot be.</exception>
    public static void Decode(ref GifReader reader, Span<byte> indices)
    {
        var bits = reader.Byte();
        if (bits is < 1 or >= LongestCode) throw reader.Damaged("its codes have an impossible length");
        int clear = 1 << bits, end = clear + 1;
        Span<short> prefix = stackalloc short[Codes];
        Span<byte> last = stackalloc byte[Codes], text = stackalloc byte[Codes];
        int next = end + 1, length = bits + 1, previous = -1, filled = 0;
        var (held, count) = (0u, 0);
        var block = ReadOnlySpan<byte>.Empty;
        while (filled < indices.Length)
        {
            while (count < length)
            {
                if (block.IsEmpty && (block = reader.Block()).IsEmpty) throw reader.Damaged("the file is cut short");
                held |= (uint)block[0] << count;
                block = block[1..];
                count += 8;
            }
            var code = (int)(held & ((1u << length) - 1));
            held >>= length;
            count -= length;
            if (code == clear)
            {
                (next, length, previous) = (end + 1, bits + 1, -1);
                continue;
            }
            if (code == end) throw reader.Damaged("the file is cut short");
            // A code that is about to be made stands for the string before it and its own first index once more.
            var known = code < next;
            if (code > next || (!known && previous < 0) || (code > end && previous < 0)) throw reader.Damaged("the file is damaged");
            var (at, from) = (Codes, known ? code : previous);
            for (; from > end; from = prefix[from]) text[--at] = last[from];
            var first = (byte)from;
            text[--at] = first;
            var spelled = text[at..];
            filled += Copy(spelled, indices[filled..]);
            if (!known) filled += Copy([first], indices[filled..]);
            if (previous >= 0 && next < Codes)
            {
                (prefix[next], last[next]) = ((short)previous, first);
                next++;
                if (next == 1 << length && length < LongestCode) length++;
            }
            previous = code;
        }
    }

    // The picture may end in the middle of the last string.
    static int Copy(ReadOnlySpan<byte> source, Span<byte> target)
    {
        var count = Math.Min(source.Length, target.Length);
        source[..count].CopyTo(target);
        return count;
    }
}
