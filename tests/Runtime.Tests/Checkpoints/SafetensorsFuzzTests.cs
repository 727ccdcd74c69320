using System.Text;
using CsCheck;
using MmMamba.Runtime.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Checkpoints;

public sealed class SafetensorsFuzzTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static readonly byte[] Valid = SafetensorsBytes.Of(
        """
        {"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},"c":{"dtype":"BOOL","shape":[2,1],"data_offsets":[32,34]},"d":{"dtype":"I64","shape":[],"data_offsets":[34,42]},"e":{"dtype":"U8","shape":[0,5],"data_offsets":[42,42]}}
        """, 42);

    // What a hand or a broken disk does: bytes changed, cut, repeated, and tokens of the header swapped for others.
    static readonly Gen<Func<byte[], byte[]>> Mutation = Gen.OneOf(
        Gen.Select(Gen.Int[1, 42], Gen.Byte, (fromEnd, value) => (Func<byte[], byte[]>)(bytes => bytes.Length < fromEnd ? bytes : Changed(bytes, bytes.Length - fromEnd, value))),
        Gen.Select(Gen.Int[0, 1000], Gen.Byte, (at, value) => (Func<byte[], byte[]>)(bytes => Changed(bytes, at, value))),
        Gen.Select(Gen.Int[0, 1000], Gen.Int[0, 7], (at, bit) => (Func<byte[], byte[]>)(bytes => bytes.Length == 0 ? bytes : Changed(bytes, at, (byte)(bytes[at % bytes.Length] ^ (1 << bit))))),
        Gen.Select(Gen.Int[0, 1000], at => (Func<byte[], byte[]>)(bytes => bytes[..(at % (bytes.Length + 1))])),
        Gen.Select(Gen.Int[0, 1000], Gen.Byte.Array[1, 40], (at, extra) => (Func<byte[], byte[]>)(bytes =>
            [.. bytes[..(at % (bytes.Length + 1))], .. extra, .. bytes[(at % (bytes.Length + 1))..]])),
        Gen.Select(Gen.Int[0, 1000], Gen.Int[1, 60], (at, count) => (Func<byte[], byte[]>)(bytes =>
            [.. bytes.Take(at % (bytes.Length + 1)), .. bytes.Skip((at % (bytes.Length + 1)) + count)])),
        Gen.Select(OneOf("24", "32", "34", "42", "F32", "BF16", "BOOL", "I64", "[]", "[2,3]", "\"a\"", "\"e\"", "shape"),
            OneOf("0", "42", "-1", "1e3", "9223372036854775807", "99999999999999999999", "F64", "U8", "[]", "[0]", "{}", "null", "\"b\"", "dtype", "[[[[", "\\ud800"),
            (from, to) => (Func<byte[], byte[]>)(bytes => Replaced(bytes, from, to))));

    static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(index => texts[index]);

    static byte[] Changed(byte[] bytes, int at, byte value)
    {
        if (bytes.Length == 0) return bytes;
        var changed = bytes.ToArray();
        changed[at % bytes.Length] = value;
        return changed;
    }

    // In the header, with its length put right, so that the mutation reaches the checks behind the first.
    static byte[] Replaced(byte[] bytes, string from, string to)
    {
        if (bytes.Length < 8) return bytes;
        var length = (int)Math.Min((ulong)(bytes.Length - 8), BitConverter.ToUInt64(bytes));
        var header = Encoding.Latin1.GetString(bytes, 8, length);
        var at = header.IndexOf(from, StringComparison.Ordinal);
        if (at < 0) return bytes;
        var data = bytes[(8 + length)..];
        var replaced = SafetensorsBytes.Of(Encoding.Latin1.GetBytes(header[..at] + to + header[(at + from.Length)..]), data.Length);
        data.CopyTo(replaced, replaced.Length - data.Length);
        return replaced;
    }

    [Fact]
    public void A_damaged_file_is_refused_or_read_within_its_bytes()
    {
        var (opened, refused) = (0, 0);
        Mutation.Array[1, 3].Sample(mutations =>
        {
            var bytes = mutations.Aggregate(Valid, (bytes, mutate) => mutate(bytes));
            var path = _folder[$"{Environment.CurrentManagedThreadId}"];
            File.WriteAllBytes(path, bytes);
            try
            {
                using var file = SafetensorsFile.Open(path);
                Interlocked.Increment(ref opened);
                using var scope = NewDisposeScope();
                foreach (var tensor in file.Tensors)
                {
                    Assert.InRange(tensor.Offset, 8, bytes.Length - tensor.ByteCount);
                    var read = file.Read(tensor.Name);
                    Assert.Equal(tensor.Shape, read.shape);
                    Assert.Equal(tensor.Type, read.dtype);
                    Assert.True(read.bytes.SequenceEqual(bytes.AsSpan((int)tensor.Offset, (int)tensor.ByteCount)));
                }
            }
            catch (InputException e)
            {
                Interlocked.Increment(ref refused);
                Assert.DoesNotContain('\n', e.Message);
            }
        }, iter: 3000, threads: 1);
        // Both ways were taken, or the test has shown nothing.
        Assert.InRange(opened, 100, 2900);
        Assert.InRange(refused, 100, 2900);
    }
}
