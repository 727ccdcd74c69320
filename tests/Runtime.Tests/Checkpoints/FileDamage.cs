using System.Text;
using CsCheck;

namespace MmMamba.Runtime.Tests.Checkpoints;

/// <summary>What a hand or a broken disk does to a file.</summary>
static class FileDamage
{
    /// <summary>Bytes of a header or an index with some damage to them.</summary>
    public static readonly Gen<Func<byte[], byte[]>> Any = Gen.OneOf(
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Byte, (at, value) => Change((bytes, i) => [.. bytes[..i], value, .. bytes[(i + 1)..]], at)),
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[0, 7], (at, bit) => Change((bytes, i) => [.. bytes[..i], (byte)(bytes[i] ^ (1 << bit)), .. bytes[(i + 1)..]], at)),
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[1, 90], (at, count) => Change((bytes, i) => [.. bytes[..i], .. bytes.Skip(i + count)], at)),
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[1, 90], (at, count) => Change((bytes, i) => [.. bytes[..i], .. bytes.Skip(i).Take(count), .. bytes[i..]], at)),
        Gen.Select(Gen.Int[0, int.MaxValue], Token, (at, token) => Change((bytes, i) => [.. bytes[..i], .. Encoding.ASCII.GetBytes(token), .. bytes.Skip(i + token.Length)], at)),
        // A space more changes nothing; a digit for another is well-formed and lies.
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[1, 8], (at, count) => Change((bytes, i) => Spaces(bytes, i, count), at)),
        Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[0, 9], (at, digit) => Change((bytes, i) => Digit(bytes, i, digit), at)));

    static Gen<string> Token => Gen.Int[0, 9].Select(index => new[]
    {
        "0", "F32", "BF16", "I32", "[]", "-1", "9223372036854775807", "../", "null", "model-00001-of-00004.safetensors",
    }[index]);

    static Func<byte[], byte[]> Change(Func<byte[], int, byte[]> change, int at) => bytes => bytes.Length == 0 ? bytes : change(bytes, at % bytes.Length);

    static byte[] Spaces(byte[] bytes, int from, int count)
    {
        var at = Array.IndexOf(bytes, (byte)',', from);
        return at < 0 ? bytes : [.. bytes[..at], .. Enumerable.Repeat((byte)' ', count), .. bytes[at..]];
    }

    static byte[] Digit(byte[] bytes, int from, int digit)
    {
        var at = Array.FindIndex(bytes, from, value => value is >= (byte)'0' and <= (byte)'9');
        return at < 0 ? bytes : [.. bytes[..at], (byte)('0' + digit), .. bytes[(at + 1)..]];
    }

    /// <summary>Damage to the header of a safetensors file, whose length may be put right, so that the checks behind the first are reached.</summary>
    public static byte[] OfHeader(byte[] file, Func<byte[], byte[]>[] damage, bool keepLength)
    {
        var end = 8 + (int)BitConverter.ToInt64(file);
        if (!keepLength) return [.. damage.Aggregate(file[..end], (bytes, change) => change(bytes)), .. file[end..]];
        var header = damage.Aggregate(file[8..end], (bytes, change) => change(bytes));
        return [.. BitConverter.GetBytes((long)header.Length), .. header, .. file[end..]];
    }
}
