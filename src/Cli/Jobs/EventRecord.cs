using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace MmMamba.Cli.Jobs;

/// <summary>
/// A record of a TensorBoard event file: a TensorFlow <c>Event</c> message (<c>tensorflow/core/util/event.proto</c>, of which wall_time, step, file_version and
/// scalar summaries are written), framed as a TFRecord: length, its masked CRC-32C, the message, its masked CRC-32C; little-endian.
/// </summary>
sealed class EventRecord
{
    // Fields of the messages with their wire types: number << 3 | type.
    const byte WallTime = 1 << 3 | 1, Step = 2 << 3, FileVersion = 3 << 3 | 2, Summary = 5 << 3 | 2, Value = 1 << 3 | 2, Tag = 1 << 3 | 2, SimpleValue = 2 << 3 | 5;

    readonly byte[] _message;

    EventRecord(byte[] message) => _message = message;

    /// <summary>The first record of a file.</summary>
    /// <param name="time">Seconds since 1970.</param>
    public static EventRecord Begin(double time) => new(Message(message =>
    {
        Double(message, WallTime, time);
        Bytes(message, FileVersion, "brain.Event:2"u8);
    }));

    /// <summary>Numbers of a step under their tags.</summary>
    /// <param name="time">Seconds since 1970.</param>
    public static EventRecord Scalars(double time, long step, IEnumerable<(string Tag, double Value)> values) => new(Message(message =>
    {
        Double(message, WallTime, time);
        message.WriteByte(Step);
        VarInt(message, (ulong)step);
        Bytes(message, Summary, Message(summary =>
        {
            foreach (var (tag, number) in values)
                Bytes(summary, Value, Message(value =>
                {
                    Bytes(value, Tag, Encoding.UTF8.GetBytes(tag));
                    value.WriteByte(SimpleValue);
                    Span<byte> single = stackalloc byte[sizeof(float)];
                    BinaryPrimitives.WriteSingleLittleEndian(single, (float)number);
                    value.Write(single);
                }));
        }));
    }));

    /// <summary>Writes the record with its frame.</summary>
    public void WriteTo(Stream stream)
    {
        Span<byte> length = stackalloc byte[sizeof(ulong)], crc = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)_message.Length);
        stream.Write(length);
        BinaryPrimitives.WriteUInt32LittleEndian(crc, MaskedCrc(length));
        stream.Write(crc);
        stream.Write(_message);
        BinaryPrimitives.WriteUInt32LittleEndian(crc, MaskedCrc(_message));
        stream.Write(crc);
    }

    // CRC-32C (Castagnoli), rotated by 15 bits and moved by a constant, as TFRecord has it.
    static uint MaskedCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var one in bytes) crc = BitOperations.Crc32C(crc, one);
        crc = ~crc;
        return BitOperations.RotateRight(crc, 15) + 0xA282EAD8;
    }

    static byte[] Message(Action<MemoryStream> write)
    {
        using var message = new MemoryStream();
        write(message);
        return message.ToArray();
    }

    static void Double(MemoryStream message, byte field, double value)
    {
        message.WriteByte(field);
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        message.Write(bytes);
    }

    static void Bytes(MemoryStream message, byte field, ReadOnlySpan<byte> bytes)
    {
        message.WriteByte(field);
        VarInt(message, (ulong)bytes.Length);
        message.Write(bytes);
    }

    static void VarInt(MemoryStream message, ulong value)
    {
        for (; value > 0x7F; value >>= 7) message.WriteByte((byte)(value | 0x80));
        message.WriteByte((byte)value);
    }
}
