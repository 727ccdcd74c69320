namespace MmMamba.Runtime.Tests.Vision;

/// <summary>Baseline JPEGs whose blocks of 8 x 8 pixels have one colour each, so that what is stored comes back exactly.</summary>
static class FlatJpeg
{
    /// <param name="blocks">Colours from left to right, a byte for each component.</param>
    /// <param name="adobe">The transform that Adobe's marker names: 0 for CMYK, 2 for YCCK; null leaves the marker out.</param>
    public static byte[] Encode(byte[][] blocks, byte? adobe)
    {
        var components = blocks[0].Length;
        byte[] frame = [8, 0, 8, (byte)(blocks.Length * 8 >> 8), (byte)(blocks.Length * 8), (byte)components];
        byte[] scan = [(byte)components];
        for (byte component = 1; component <= components; component++)
        {
            frame = [.. frame, component, 0x11, 0];
            scan = [.. scan, component, 0x00];
        }
        // Twelve codes of 4 bits for the sizes of differences, and one code of 1 bit, the end of a block.
        byte[] sizes = [0x00, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. Enumerable.Range(0, 12).Select(size => (byte)size)];
        byte[] ends = [0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x00];
        return
        [
            0xff, 0xd8, .. adobe is { } transform ? Segment(0xee, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, transform]) : [],
            .. Segment(0xdb, [0, .. Enumerable.Repeat((byte)1, 64)]), .. Segment(0xc0, frame), .. Segment(0xc4, sizes), .. Segment(0xc4, ends),
            .. Segment(0xda, [.. scan, 0, 63, 0]), .. Scan(blocks), 0xff, 0xd9,
        ];
    }

    static byte[] Segment(byte marker, byte[] data) => [0xff, marker, (byte)(data.Length + 2 >> 8), (byte)(data.Length + 2), .. data];

    static byte[] Scan(byte[][] blocks)
    {
        var bits = new List<bool>();
        var before = new int[blocks[0].Length];
        foreach (var block in blocks)
            for (var component = 0; component < block.Length; component++)
            {
                var value = 8 * (block[component] - 128);
                var difference = value - before[component];
                before[component] = value;
                var size = difference == 0 ? 0 : int.Log2(Math.Abs(difference)) + 1;
                Put(size, 4);
                Put(difference >= 0 ? difference : difference + (1 << size) - 1, size);
                Put(0, 1);
            }
        while (bits.Count % 8 != 0) bits.Add(true);
        return [.. bits.Chunk(8).Select(eight => (byte)eight.Aggregate(0, (sum, bit) => sum * 2 + (bit ? 1 : 0))).SelectMany(b => b == 0xff ? (byte[])[b, 0] : [b])];

        void Put(int value, int count)
        {
            for (var i = count - 1; i >= 0; i--) bits.Add((value >> i & 1) != 0);
        }
    }
}
