using System.Buffers.Binary;
using System.Text;
using MmMamba.Runtime.Checkpoints;

namespace MmMamba.Runtime.Tests.Checkpoints;

public sealed class SafetensorsErrorTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    string Refused(byte[] bytes)
    {
        var path = _folder["model.safetensors"];
        File.WriteAllBytes(path, bytes);
        var message = Assert.Throws<InputException>(() => SafetensorsFile.Open(path)).Message;
        Assert.StartsWith(path + ": ", message);
        Assert.DoesNotContain('\n', message);
        return message[(path.Length + 2)..];
    }

    static string Tensor(string dtype = "F32", string shape = "[2]", string offsets = "[0,8]") =>
        $$$"""{"w":{"dtype":"{{{dtype}}}","shape":{{{shape}}},"data_offsets":{{{offsets}}}}}""";

    [Fact]
    public void The_right_one_opens()
    {
        File.WriteAllBytes(_folder["x"], SafetensorsBytes.Of(SafetensorsBytes.OneTensor, 8));
        using var file = SafetensorsFile.Open(_folder["x"]);
        Assert.Equal("w", Assert.Single(file.Tensors).Name);
    }

    [Theory]
    [InlineData("[]", 0, "the header must be a JSON object")]
    [InlineData("{", 0, "the header is not valid JSON at byte 9; the file is damaged")]
    [InlineData("{} x", 0, "the header is not valid JSON at byte 11; the file is damaged")]
    [InlineData("{}{}", 0, "the header is not valid JSON at byte 10; the file is damaged")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],}}""", 8, "the header is not valid JSON at byte 61; the file is damaged")]
    [InlineData("""{"w":7}""", 0, "tensor 'w': expected an object with dtype, shape and data_offsets, found a number")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2]}}""", 8, "tensor 'w': data_offsets is missing")]
    [InlineData("""{"w":{"dtype":"F32","data_offsets":[0,8]}}""", 8, "tensor 'w': shape is missing")]
    [InlineData("""{"w":{"shape":[2],"data_offsets":[0,8]}}""", 8, "tensor 'w': dtype is missing")]
    [InlineData("""{"w":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "tensor 'w': dtype stands twice")]
    [InlineData("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"strides":[1]}}""", 8, "tensor 'w': expected only dtype, shape and data_offsets, found 'strides'")]
    [InlineData("""{"__metadata__":[]}""", 0, "__metadata__ must be an object of strings, found a list")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "metadata 'a' must be a string, found a number")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""", 0, "metadata 'a' stands twice")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", 0, "'__metadata__' stands twice in the header")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "a name in the header is not valid Unicode at byte 9")]
    public void A_header_of_the_wrong_form(string header, int dataBytes, string message) =>
        Assert.Equal(message, Refused(SafetensorsBytes.Of(header, dataBytes)));

    [Theory]
    [InlineData("F8_E4M3", "[8]", "[0,8]", "dtype 'F8_E4M3' cannot be read; expected one of F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL")]
    [InlineData("F32", "[3]", "[0,8]", "shape (3) of F32 takes 12 bytes, but data_offsets 0 to 8 hold 8")]
    [InlineData("F32", "[-2]", "[0,8]", "shape must hold integers from 0 on, found '-2'")]
    [InlineData("F32", "[2.0]", "[0,8]", "shape must hold integers from 0 on, found '2.0'")]
    [InlineData("F32", "[\"2\"]", "[0,8]", "shape must hold integers from 0 on, found a string")]
    [InlineData("F32", "2", "[0,8]", "shape must be a list of integers, found a number")]
    [InlineData("F32", "[4611686018427387904,4611686018427387904,0]", "[0,0]", "shape (4611686018427387904, 4611686018427387904, 0) has more elements than any file holds")]
    [InlineData("F32", "[2]", "[0,16]", "data_offsets 0 to 16 lie outside the 8 bytes of data; the file is cut short or damaged")]
    [InlineData("F32", "[2]", "[8,0]", "data_offsets 8 to 0 lie outside the 8 bytes of data; the file is cut short or damaged")]
    [InlineData("F32", "[2]", "[0]", "data_offsets must be two numbers, found 1")]
    [InlineData("F32", "[2]", "[0,8,8]", "data_offsets holds more than 2 numbers")]
    [InlineData("F32", "[1]", "[4,8]", "its bytes begin at 4 of the data, expected 0: there is a gap before it")]
    public void A_tensor_that_contradicts_itself_or_the_file(string dtype, string shape, string offsets, string message) =>
        Assert.Equal("tensor 'w': " + message, Refused(SafetensorsBytes.Of(Tensor(dtype, shape, offsets), 8)));

    [Fact]
    public void A_name_twice() => Assert.Equal("'w' stands twice in the header", Refused(SafetensorsBytes.Of(
        """{"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"w":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}""", 8)));

    [Fact]
    public void An_overlap() => Assert.Equal("tensor 'b': its bytes begin at 2 of the data, expected 4: it overlaps another tensor", Refused(SafetensorsBytes.Of(
        """{"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 6)));

    [Fact]
    public void A_gap() => Assert.Equal("tensor 'b': its bytes begin at 5 of the data, expected 4: there is a gap before it", Refused(SafetensorsBytes.Of(
        """{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[3],"data_offsets":[5,8]}}""", 8)));

    [Fact]
    public void Bytes_left_over() => Assert.Equal("3 bytes follow the last tensor; the file is damaged", Refused(SafetensorsBytes.Of(SafetensorsBytes.OneTensor, 11)));

    [Fact]
    public void A_name_with_a_line_break_stays_on_one_line() => Assert.Equal(@"tensor 'a\u000ab': shape is missing",
        Refused(SafetensorsBytes.Of("""{"a\nb":{"dtype":"U8","data_offsets":[0,0]}}""", 0)));

    [Fact]
    public void Text_that_is_not_UTF_8() => Assert.Equal("the header is not UTF-8", Refused(SafetensorsBytes.Of([.. "{\""u8, 0xff, .. "\":1}"u8], 0)));

    [Fact]
    public void A_header_longer_than_the_file()
    {
        var bytes = SafetensorsBytes.Of(SafetensorsBytes.OneTensor, 8);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, 1ul << 63);
        Assert.Equal($"the header claims 9223372036854775808 bytes, but {bytes.Length - 8} follow its length; the file is cut short or not safetensors", Refused(bytes));
    }

    [Fact]
    public void A_header_longer_than_the_bound()
    {
        using (var file = File.Create(_folder["x"]))
        {
            file.Write([0x01, 0xe1, 0xf5, 0x05, 0, 0, 0, 0]);
            file.SetLength(200_000_000);
        }
        var e = Assert.Throws<InputException>(() => SafetensorsFile.Open(_folder["x"]));
        Assert.EndsWith("the header claims 100000001 bytes; at most 100000000 are read", e.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public void Too_few_bytes(int count) =>
        Assert.Equal($"{count} bytes are too few for a safetensors file; it is empty or cut short", Refused(new byte[count]));

    [Fact]
    public void Every_cut_is_noticed()
    {
        var whole = SafetensorsBytes.Of(SafetensorsBytes.OneTensor, 8);
        for (var length = 0; length < whole.Length; length++) Refused(whole[..length]);
    }

    [Theory]
    [InlineData(new byte[] { (byte)'P', (byte)'K', 3, 4, 0, 0, 0, 0, 0, 0 }, "this is a zip archive (a PyTorch .pt or .bin checkpoint is one, and holds a pickle), not a safetensors file; convert it first")]
    [InlineData(new byte[] { 0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20 }, "this is a Python pickle, not a safetensors file; convert it first")]
    [InlineData(new byte[] { (byte)'G', (byte)'G', (byte)'U', (byte)'F', 3, 0, 0, 0, 0, 0 }, "this is a GGUF file, not a safetensors file; convert it first")]
    public void Files_of_another_kind(byte[] bytes, string message) => Assert.Equal(message, Refused(bytes));

    [Fact]
    public void A_pointer_that_stands_for_the_file() =>
        Assert.StartsWith("this is a Git LFS pointer", Refused(Encoding.ASCII.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")));

    [Fact]
    public void No_file_and_a_folder()
    {
        var missing = Assert.Throws<InputException>(() => SafetensorsFile.Open(_folder["none"]));
        Assert.Equal($"{_folder["none"]}: cannot be read: no such file", missing.Message);
        var folder = Assert.Throws<InputException>(() => SafetensorsFile.Open(_folder.Path));
        Assert.Equal($"{_folder.Path}: cannot be read: it is a folder; name the .safetensors file", folder.Message);
    }

    [Fact]
    public void A_tensor_that_is_not_there()
    {
        File.WriteAllBytes(_folder["x"], SafetensorsBytes.Of(SafetensorsBytes.OneTensor, 8));
        using var file = SafetensorsFile.Open(_folder["x"]);
        Assert.Equal($"{_folder["x"]}: no tensor 'v' among its 1", Assert.Throws<InputException>(() => file.Read("v")).Message);
    }

    [Fact]
    public void A_file_that_shrinks_after_it_was_opened()
    {
        File.WriteAllBytes(_folder["x"], SafetensorsBytes.Of(SafetensorsBytes.OneTensor, 8));
        using var file = SafetensorsFile.Open(_folder["x"]);
        using (var cut = File.Open(_folder["x"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) cut.SetLength(cut.Length - 1);
        Assert.Contains("it was cut while it was read", Assert.Throws<InputException>(() => file.Read("w")).Message);
    }

    [Fact]
    public void A_truth_value_of_two()
    {
        var bytes = SafetensorsBytes.Of(Tensor("BOOL", "[3]", "[0,3]"), 3);
        bytes[^1] = 2;
        File.WriteAllBytes(_folder["x"], bytes);
        using var file = SafetensorsFile.Open(_folder["x"]);
        Assert.Equal($"{_folder["x"]}: tensor 'w': a BOOL is a byte of 0 or 1, found another", Assert.Throws<InputException>(() => file.Read("w")).Message);
    }
}
