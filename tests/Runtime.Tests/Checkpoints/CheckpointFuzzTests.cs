using System.Text;
using CsCheck;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Checkpoints;

/// <summary>Whatever becomes of what says where tensors are, a checkpoint is refused in one line or is the model that was written.</summary>
public sealed class CheckpointFuzzTests : IDisposable
{
    static readonly ModelPlan Plan = GoldenModel.Named("GoldenSeed");

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Bytes of a header or an index with some damage to them.</summary>
    static readonly Gen<Func<byte[], byte[]>> Damage = Gen.OneOf(
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

    [Theory]
    [InlineData(WeightAccess.Read)]
    [InlineData(WeightAccess.Map)]
    public void A_damaged_checkpoint_is_refused_or_is_the_model(WeightAccess access)
    {
        CheckpointFolder.WriteWeights(_folder.Path, Plan, new DrawnParameters(3), CheckpointLayout.Unfused, shardBytes: 30_000);
        var files = _folder.Names.ToDictionary(name => name, name => File.ReadAllBytes(_folder[name]));
        var names = files.Keys.ToArray();
        var expected = new Dictionary<string, byte[]>();
        foreach (var tensor in Plan.Tensors)
        {
            using var drawn = new DrawnParameters(3).Take(tensor);
            expected.Add(tensor.Name, drawn.detach().bytes.ToArray());
        }

        var (loaded, refused) = (0, 0);
        Gen.Select(Gen.Int[0, names.Length - 1], Damage.Array[1, 3], Gen.Bool).Sample((file, damage, keepLength) =>
        {
            var (name, whole) = (names[file], files[names[file]]);
            File.WriteAllBytes(_folder[name], name.EndsWith(".json", StringComparison.Ordinal)
                ? damage.Aggregate(whole, (bytes, change) => change(bytes))
                : Header(whole, damage, keepLength));
            try
            {
                using var scope = NewDisposeScope();
                using var parameters = new CheckpointParameters(_folder.Path, Plan, access: access);
                foreach (var tensor in Plan.Tensors)
                {
                    using var taken = parameters.Take(tensor);
                    Assert.True(expected[tensor.Name].AsSpan().SequenceEqual(taken.detach().bytes), tensor.Name);
                }
                loaded++;
            }
            catch (InputException e)
            {
                refused++;
                Assert.DoesNotContain('\n', e.Message);
            }
            finally
            {
                File.WriteAllBytes(_folder[name], whole);
            }
        }, iter: 1000, threads: 1);
        // Both ways were taken, or the test has shown nothing.
        Assert.InRange(loaded, 10, 900);
        Assert.InRange(refused, 100, 990);
    }

    // The damage is in the header; half of the time its length is put right, so that the checks behind the first are reached.
    static byte[] Header(byte[] file, Func<byte[], byte[]>[] damage, bool keepLength)
    {
        var end = 8 + (int)BitConverter.ToInt64(file);
        if (!keepLength) return [.. damage.Aggregate(file[..end], (bytes, change) => change(bytes)), .. file[end..]];
        var header = damage.Aggregate(file[8..end], (bytes, change) => change(bytes));
        return [.. BitConverter.GetBytes((long)header.Length), .. header, .. file[end..]];
    }
}
