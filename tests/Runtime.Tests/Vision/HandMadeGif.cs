namespace MmMamba.Runtime.Tests.Vision;

/// <summary>GIFs, frame by frame, with codes that grow as the format wants them to.</summary>
static class HandMadeGif
{
    /// <param name="Left">First column.</param>
    /// <param name="Top">First row.</param>
    /// <param name="Width">Columns.</param>
    /// <param name="Indices">All rows.</param>
    public sealed record Frame(int Left, int Top, int Width, byte[] Indices, byte[]? Colours = null, byte? Transparent = null, bool Interlaced = false)
    {
        public int Height => Indices.Length / Width;
    }

    /// <param name="colours">3 bytes for each of 2, 4, ..., 256 indices; empty for none.</param>
    public static byte[] Encode(int width, int height, byte[] colours, params Frame[] frames) =>
    [
        .. "GIF89a"u8, .. Word(width), .. Word(height), Table(colours), 0, 0, .. colours,
        0x21, 0xfe, 3, .. "any"u8, 0,
        .. frames.SelectMany(frame => Encoded(frame)), 0x3b,
    ];

    static byte[] Encoded(Frame frame)
    {
        var interlaced = frame.Interlaced ? Rows(frame).ToArray() : frame.Indices;
        byte[] colours = frame.Colours ?? [];
        return
        [
            0x21, 0xf9, 4, frame.Transparent is null ? (byte)0 : (byte)1, 10, 0, frame.Transparent ?? 0, 0,
            0x2c, .. Word(frame.Left), .. Word(frame.Top), .. Word(frame.Width), .. Word(frame.Height),
            (byte)(Table(colours) | (frame.Interlaced ? 0x40 : 0)), .. colours,
            8, .. Lzw(interlaced).Chunk(255).SelectMany(block => (byte[])[(byte)block.Length, .. block]), 0,
        ];
    }

    static IEnumerable<byte> Rows(Frame frame) =>
        new[] { (0, 8), (4, 8), (2, 4), (1, 2) }.SelectMany(pass => Enumerable.Range(0, frame.Height).Where(row => row >= pass.Item1 && (row - pass.Item1) % pass.Item2 == 0))
            .SelectMany(row => frame.Indices.AsSpan(row * frame.Width, frame.Width).ToArray());

    static byte[] Word(int value) => [(byte)value, (byte)(value >> 8)];

    static byte Table(byte[] colours) => colours.Length == 0 ? (byte)0 : (byte)(0x80 | (int.Log2(colours.Length / 3) - 1));

    // Strings are looked for by their spelling; the table is cleared when it is full.
    static byte[] Lzw(byte[] indices)
    {
        const int clear = 256, end = 257;
        var (bits, held, count) = (new List<byte>(), 0u, 0);
        var codes = new Dictionary<string, int>();
        var length = 9;
        Put(clear);
        Forget();
        var text = "";
        foreach (var index in indices)
        {
            var longer = text + (char)index;
            if (codes.ContainsKey(longer))
            {
                text = longer;
                continue;
            }
            Put(codes[text]);
            codes.Add(longer, codes.Count + 2);
            if (codes.Count + 1 == 1 << length) length++;
            if (codes.Count + 2 > 4095)
            {
                Put(clear);
                Forget();
            }
            text = ((char)index).ToString();
        }
        Put(codes[text]);
        Put(end);
        if (count > 0) bits.Add((byte)held);
        return [.. bits];

        void Forget()
        {
            codes = Enumerable.Range(0, 256).ToDictionary(index => ((char)index).ToString(), index => index, StringComparer.Ordinal);
            length = 9;
        }

        void Put(int code)
        {
            held |= (uint)code << count;
            for (count += length; count >= 8; count -= 8, held >>= 8) bits.Add((byte)held);
        }
    }
}
