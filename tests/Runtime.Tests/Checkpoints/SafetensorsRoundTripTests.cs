using System.Buffers.Binary;
using System.Text;
using MmMamba.Runtime.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Checkpoints;

public sealed class SafetensorsRoundTripTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Every_element_type_comes_back_bit_for_bit()
    {
        ScalarType[] types =
        [
            ScalarType.Float64, ScalarType.Int64, ScalarType.Float32, ScalarType.Int32, ScalarType.Float16, ScalarType.BFloat16,
            ScalarType.Int16, ScalarType.Int8, ScalarType.Byte, ScalarType.Bool,
        ];
        var values = tensor(new[] { 0f, 1f, -2.5f, 3.1415927f, 100f, 0.5f }, 2L, 3L);
        var written = types.Select(type => (Name: type.ToString(), Tensor: (type == ScalarType.Byte ? values.abs() : values).to(type))).ToList();
        SafetensorsWriter.Write(_folder["all.safetensors"], written);

        using var file = SafetensorsFile.Open(_folder["all.safetensors"]);
        Assert.Equal(types.Length, file.Tensors.Count);
        foreach (var (name, tensor) in written)
        {
            var read = file.Read(name);
            Assert.Equal(tensor.dtype, read.dtype);
            Assert.Equal(tensor.shape, read.shape);
            Assert.True(tensor.bytes.SequenceEqual(read.bytes), name);
        }
    }

    [Fact]
    public void Scalars_empty_tensors_and_views_keep_shape_and_values()
    {
        var transposed = arange(6, ScalarType.Float32).view(2, 3).t();
        var tail = arange(10, ScalarType.Float32)[7..];
        SafetensorsWriter.Write(_folder["x"], [("scalar", tensor(4.5f)), ("empty", zeros(0, 3)), ("transposed", transposed), ("tail", tail)]);

        using var file = SafetensorsFile.Open(_folder["x"]);
        Assert.Equal(4.5f, file.Read("scalar").item<float>());
        Assert.Empty(file.Read("scalar").shape);
        Assert.Equal([0L, 3L], file.Read("empty").shape);
        Assert.Equal([0f, 3f, 1f, 4f, 2f, 5f], file.Read("transposed").data<float>().ToArray());
        Assert.Equal([7f, 8f, 9f], file.Read("tail").data<float>().ToArray());
    }

    [Fact]
    public void Reading_converts_when_asked()
    {
        SafetensorsWriter.Write(_folder["x"], [("w", tensor(new[] { 1f, 1.00390625f, -3f }))]);
        using var file = SafetensorsFile.Open(_folder["x"]);
        var half = file.Read("w", ScalarType.BFloat16);
        Assert.Equal(ScalarType.BFloat16, half.dtype);
        Assert.Equal([1f, 1f, -3f], half.to(ScalarType.Float32).data<float>().ToArray());
    }

    [Fact]
    public void Rows_are_read_alone()
    {
        SafetensorsWriter.Write(_folder["x"], [("w", arange(12, ScalarType.Float32).view(4, 3))]);
        using var file = SafetensorsFile.Open(_folder["x"]);
        var rows = file.ReadRows("w", 1, 2);
        Assert.Equal([2L, 3L], rows.shape);
        Assert.Equal([3f, 4f, 5f, 6f, 7f, 8f], rows.data<float>().ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => file.ReadRows("w", 3, 2));
    }

    [Fact]
    public void What_was_read_writes_the_same_bytes_again()
    {
        var metadata = new Dictionary<string, string> { ["z"] = "last", ["a"] = "\"quoted\"\nand Ünïcode" };
        SafetensorsWriter.Write(_folder["one"],
            [("odd", ones(3, dtype: ScalarType.Byte)), ("b", rand(2, 5)), ("a", rand(7).to(ScalarType.BFloat16)), ("wide", rand(1).to(ScalarType.Float64))], metadata);
        using var file = SafetensorsFile.Open(_folder["one"]);
        Assert.Equal(metadata["a"], file.Metadata["a"]);
        SafetensorsWriter.Write(_folder["two"], file.Tensors.Select(tensor => (tensor.Name, file.Read(tensor.Name))), file.Metadata);
        Assert.Equal(File.ReadAllBytes(_folder["one"]), File.ReadAllBytes(_folder["two"]));
    }

    [Fact]
    public void The_bytes_are_the_format_s()
    {
        SafetensorsWriter.Write(_folder["x"], [("n", tensor(new byte[] { 7, 8 })), ("w", tensor(new[] { 1f }))], new Dictionary<string, string> { ["k"] = "v" });
        const string Header = """{"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"n":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}}""";
        var padded = Header.PadRight((Header.Length + 7) / 8 * 8);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, padded.Length);
        Assert.Equal([.. length, .. Encoding.UTF8.GetBytes(padded), 0, 0, 0x80, 0x3f, 7, 8], File.ReadAllBytes(_folder["x"]));
    }

    [Fact]
    public void Every_tensor_is_aligned_to_its_elements()
    {
        SafetensorsWriter.Write(_folder["x"], [("a", ones(3, dtype: ScalarType.Byte)), ("b", ones(1)), ("c", ones(1, dtype: ScalarType.Int16)), ("d", ones(1, dtype: ScalarType.Int64))]);
        using var file = SafetensorsFile.Open(_folder["x"]);
        Assert.Equal(["d", "b", "c", "a"], file.Tensors.Select(tensor => tensor.Name));
        Assert.All(file.Tensors, tensor => Assert.Equal(0, tensor.Offset % (tensor.ByteCount / Math.Max(1, tensor.Shape[0]))));
    }

    [Fact]
    public void Names_given_twice_and_types_without_a_name_are_the_caller_s_mistake()
    {
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(_folder["x"], [("w", ones(1)), ("w", ones(1))]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(_folder["x"], [("w", ones(1, dtype: ScalarType.ComplexFloat32))]));
        Assert.Empty(_folder.Names);
    }
}
