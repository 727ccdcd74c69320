using System.Buffers.Binary;
using System.IO.Compression;

namespace MmMamba.Runtime.Tests.Vision;

/// <summary>PNGs of any kind, byte by byte.</summary>
static class HandMadePng
{
    /// <summary>Rows start with their filter's byte; more chunks may stand before and after the data.</summary>
    public static byte[] Encode(int width, int height, byte bits, byte colourType, byte[] rows, byte interlace = 0, byte[]? before = null, byte[]? after = null)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9], header[12]) = (bits, colourType, interlace);
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true)) zlib.Write(rows);
        return [0x89, .. "PNG\r\n\u001a\n"u8, .. Chunk("IHDR"u8, header), .. before ?? [], .. Chunk("IDAT"u8, packed.ToArray()), .. after ?? [], .. Chunk("IEND"u8, [])];
    }

    public static byte[] Chunk(ReadOnlySpan<byte> kind, byte[] data)
    {
        var chunk = new byte[12 + data.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        kind.CopyTo(chunk.AsSpan(4));
        data.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + data.Length), Crc32(chunk.AsSpan(4, 4 + data.Length)));
        return chunk;
    }

    static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        var crc = 0xffff_ffffu;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xedb8_8320 : crc >> 1;
        }
        return ~crc;
    }
}
