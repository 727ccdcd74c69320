using System.Buffers.Binary;
using System.Text;

namespace MmMamba.Cli.Tests.Runs;

/// <summary>An event as it was read.</summary>
sealed record ReadEvent(double WallTime, long Step, string? FileVersion, IReadOnlyList<(string Tag, float Value)> Scalars);

/// <summary>Reads TensorBoard event files by their description alone: TFRecord frames with both of their checksums, and protocol buffers field by field.</summary>
static class EventReader
{
    public static IReadOnlyList<ReadEvent> Read(string path)
    {
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(path);
        var events = new List<ReadEvent>();
        while (bytes.Length > 0)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            Assert.Equal(Masked(bytes[..8]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]));
            var message = bytes.Slice(12, length);
            Assert.Equal(Masked(message), BinaryPrimitives.ReadUInt32LittleEndian(bytes[(12 + length)..]));
            events.Add(Event(message));
            bytes = bytes[(16 + length)..];
        }
        return events;
    }

    static uint Masked(ReadOnlySpan<byte> bytes)
    {
        var crc = Crc32C(bytes);
        return (crc >> 15 | crc << 17) + 0xa282ead8u;
    }

    /// <summary>CRC-32C bit by bit, from its reflected polynomial.</summary>
    public static uint Crc32C(ReadOnlySpan<byte> bytes)
    {
        var crc = ~0u;
        foreach (var one in bytes)
        {
            crc ^= one;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82F63B78u : crc >> 1;
        }
        return ~crc;
    }

    static ReadEvent Event(ReadOnlySpan<byte> message)
    {
        var read = new ReadEvent(0, 0, null, []);
        while (Field(ref message) is var (number, value, bytes) && number != 0)
            read = number switch
            {
                1 => read with { WallTime = BitConverter.UInt64BitsToDouble(value) },
                2 => read with { Step = (long)value },
                3 => read with { FileVersion = Encoding.UTF8.GetString(bytes) },
                5 => read with { Scalars = Summary(bytes) },
                _ => throw new FormatException($"field {number} of an event"),
            };
        return read;
    }

    static List<(string, float)> Summary(ReadOnlySpan<byte> message)
    {
        var values = new List<(string, float)>();
        while (Field(ref message) is var (number, _, bytes) && number != 0)
        {
            Assert.Equal(1, number);
            var (tag, single) = ("", 0f);
            ReadOnlySpan<byte> inner = bytes;
            while (Field(ref inner) is var (part, value, text) && part != 0)
                if (part == 1) tag = Encoding.UTF8.GetString(text);
                else if (part == 2) single = BitConverter.UInt32BitsToSingle((uint)value);
                else throw new FormatException($"field {part} of a value");
            values.Add((tag, single));
        }
        return values;
    }

    // The next field: its number (0 at the end), and its value as a number or as bytes.
    static (int Number, ulong Value, byte[] Bytes) Field(ref ReadOnlySpan<byte> message)
    {
        if (message.Length == 0) return (0, 0, []);
        var key = VarInt(ref message);
        var number = (int)(key >> 3);
        switch (key & 7)
        {
            case 0: return (number, VarInt(ref message), []);
            case 1: return (number, BinaryPrimitives.ReadUInt64LittleEndian(Take(ref message, 8)), []);
            case 2: return (number, 0, Take(ref message, (int)VarInt(ref message)).ToArray());
            case 5: return (number, BinaryPrimitives.ReadUInt32LittleEndian(Take(ref message, 4)), []);
            default: throw new FormatException($"wire type {key & 7}");
        }
    }

    static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> message, int count)
    {
        var taken = message[..count];
        message = message[count..];
        return taken;
    }

    static ulong VarInt(ref ReadOnlySpan<byte> message)
    {
        var (value, shift) = (0ul, 0);
        while (true)
        {
            var one = Take(ref message, 1)[0];
            value |= (ulong)(one & 0x7F) << shift;
            if (one < 0x80) return value;
            shift += 7;
        }
    }
}
